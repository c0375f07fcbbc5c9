/* What the fuzzers share: one Lua state, input taken piece by piece, and
 * checks that end the process. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../csrc/compat.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* With the types and the JSON reader of truto. */
lua_State *fuzz_state(void);

struct fuzz_input {
    const uint8_t *data;
    size_t left;
};

/* Calls run(L) with the input as light userdata; nothing may be raised. */
void fuzz_call(lua_State *L, lua_CFunction run, struct fuzz_input *input);

/* The next byte, or 0 when there is none. */
uint8_t fuzz_byte(struct fuzz_input *input);

/* The next bytes: at most `most`, as a byte of the input says. */
const char *fuzz_bytes(struct fuzz_input *input, size_t most, size_t *length);

bool fuzz_contains(const char *text, size_t length, const char *part,
                   size_t part_length);

void fuzz_fail(const char *file, int line, const char *condition);

#define FUZZ_CHECK(condition)                                                  \
    ((condition) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #condition))

#endif

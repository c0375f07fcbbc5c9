/*
 * Whatever stands where a secret belongs: a verdict comes that is one of
 * those there are, without a read beyond it, and blanks around it do not make
 * something of nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "../../csrc/judge.h"
#include "fuzz.h"

static void check_detail(struct verdict verdict, bool is_key) {
    static const char *const codes[] = {"empty_secret", "placeholder_secret",
                                        "dirty_secret", "invalid_private_key"};
    if (verdict.code == NULL) {
        FUZZ_CHECK(verdict.detail == NULL);
        return;
    }
    bool known = false;
    for (size_t i = 0; i < 4; i++) {
        known = known || strcmp(verdict.code, codes[i]) == 0;
    }
    bool has_detail = strcmp(verdict.code, codes[2]) == 0 ||
                      strcmp(verdict.code, codes[3]) == 0;
    FUZZ_CHECK(known && (verdict.detail != NULL) == has_detail);
    FUZZ_CHECK(strcmp(verdict.code, codes[is_key ? 2 : 3]) != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    /* A copy of its own, so that AddressSanitizer sees its ends. */
    char *bytes = malloc(size + 2), *exact = malloc(size ? size : 1);
    FUZZ_CHECK(bytes != NULL && exact != NULL);
    if (size > 0) memcpy(exact, data, size);
    bytes[0] = ' ';
    if (size > 0) memcpy(bytes + 1, data, size);
    bytes[size + 1] = '\n';
    check_detail(judge_secret(exact, size), false);
    check_detail(judge_private_key(exact, size), true);
    check_detail(judge_verbatim(exact, size), false);
    FUZZ_CHECK(judge_is_empty(exact, size) == judge_is_empty(bytes, size + 2));
    free(bytes);
    free(exact);
    return 0;
}

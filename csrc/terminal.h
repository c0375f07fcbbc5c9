/* Asks who sits at the terminal, without showing what is typed. */
#ifndef TRUTO_TERMINAL_H
#define TRUTO_TERMINAL_H

#include "buffer.h"

#pragma GCC visibility push(hidden)

enum terminal_status {
    TERMINAL_READ,
    TERMINAL_ABSENT,      /* the process has none */
    TERMINAL_INTERRUPTED, /* Ctrl-C, or another signal that ends programs */
    TERMINAL_FAILED       /* errno says why */
};

/* Shows the text and appends one line, without its end. The terminal is as
 * before when it returns, also by a signal, and while the program is stopped
 * (Ctrl-Z). Input that was typed before it asked is dropped. */
enum terminal_status terminal_ask(const char *text, struct buffer *line);

#pragma GCC visibility pop

#endif

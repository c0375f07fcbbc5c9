/*
 * Where the body of an answer ends (RFC 9112, 6.3). libcurl believes one of
 * the fields where they contradict each other, and versions differ in which;
 * such an answer may be another one than the server meant.
 */
#ifndef TRUTO_FRAMING_H
#define TRUTO_FRAMING_H

#pragma GCC visibility push(hidden)

struct head;

/* Why the end cannot be known, as part of a message; NULL: it can. */
const char *framing_problem(const struct head *head);

#pragma GCC visibility pop

#endif

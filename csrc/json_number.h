/* Numbers as JSON text: exact for integers, shortest that reads back the
 * same for doubles, a point whatever the locale says. */
#ifndef TRUTO_JSON_NUMBER_H
#define TRUTO_JSON_NUMBER_H

#pragma GCC visibility push(hidden)

#define JSON_NUMBER_SIZE 40

/* The length written, or 0 for NaN and the infinities. */
int json_format_double(char text[JSON_NUMBER_SIZE], double value);

int json_format_integer(char text[JSON_NUMBER_SIZE], long long value);

#pragma GCC visibility pop

#endif

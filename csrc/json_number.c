#include "json_number.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every whole double below 2^53 is exact, and so is its decimal form. */
#define WHOLE_LIMIT 9007199254740992.0

/* The locale may write the decimal point as any other bytes. */
static int use_point(char *text) {
    size_t kept = 0;
    bool replaced = false;
    for (size_t i = 0; text[i] != '\0'; i++) {
        if (strchr("0123456789eE+-", text[i]) != NULL) {
            text[kept++] = text[i];
        } else if (!replaced) {
            text[kept++] = '.';
            replaced = true;
        }
    }
    text[kept] = '\0';
    return (int)kept;
}

static bool is_whole(double value) {
    return fabs(value) < WHOLE_LIMIT && (double)(long long)value == value;
}

int json_format_double(char text[JSON_NUMBER_SIZE], double value) {
    if (!isfinite(value)) return 0;
    if (value == 0 && signbit(value)) {
        return snprintf(text, JSON_NUMBER_SIZE, "-0.0");
    }
    if (is_whole(value)) {
        return snprintf(text, JSON_NUMBER_SIZE, "%.0f", value);
    }
    /* 15 digits hold every shorter decimal, but for the smallest doubles. */
    int digits = fabs(value) < DBL_MIN ? 1 : 15;
    for (; digits <= 17; digits++) {
        (void)snprintf(text, JSON_NUMBER_SIZE, "%.*g", digits, value);
        if (strtod(text, NULL) == value) break;
    }
    return use_point(text);
}

int json_format_integer(char text[JSON_NUMBER_SIZE], long long value) {
    return snprintf(text, JSON_NUMBER_SIZE, "%lld", value);
}

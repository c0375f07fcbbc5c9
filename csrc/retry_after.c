#include "retry_after.h"

#include <string.h>

#include <curl/curl.h>

static bool is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}

static double capped(double seconds) {
    return seconds < RETRY_AFTER_MAX ? seconds : RETRY_AFTER_MAX;
}

static bool parse_seconds(const char *text, size_t length, double *seconds) {
    double value = 0, scale = 1;
    size_t i = 0;
    if (length == 0 || !is_digit(text[0])) return false;
    for (; i < length && is_digit(text[i]); i++) {
        value = capped(value * 10 + (text[i] - '0'));
    }
    if (i < length && text[i] == '.') {
        for (i++; i < length && is_digit(text[i]); i++) {
            scale /= 10;
            value += (text[i] - '0') * scale;
        }
    }
    *seconds = capped(value);
    return i == length;
}

/* Every form of an HTTP date is shorter, and has a time of day. */
bool retry_after_parse(const char *text, size_t length, time_t now,
                       double *seconds) {
    char date[64];
    if (parse_seconds(text, length, seconds)) return true;
    if (length >= sizeof date || memchr(text, ':', length) == NULL) {
        return false;
    }
    memcpy(date, text, length);
    date[length] = '\0';
    time_t then = curl_getdate(date, NULL);
    if (then == (time_t)-1) return false;
    double difference = (double)then - (double)now;
    *seconds = difference > 0 ? capped(difference) : 0;
    return true;
}

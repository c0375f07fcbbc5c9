#include "utf8.h"

/* By lead byte: how long, and which second bytes are allowed. */
static const struct {
    unsigned char first, last, size, low, high;
} leads[] = {
    {0x00, 0x7f, 1, 0x00, 0x00}, {0xc2, 0xdf, 2, 0x80, 0xbf},
    {0xe0, 0xe0, 3, 0xa0, 0xbf}, {0xe1, 0xec, 3, 0x80, 0xbf},
    {0xed, 0xed, 3, 0x80, 0x9f}, {0xee, 0xef, 3, 0x80, 0xbf},
    {0xf0, 0xf0, 4, 0x90, 0xbf}, {0xf1, 0xf3, 4, 0x80, 0xbf},
    {0xf4, 0xf4, 4, 0x80, 0x8f},
};

size_t utf8_sequence(const unsigned char *bytes, size_t length) {
    if (length == 0) return 0;
    for (size_t i = 0; i < sizeof leads / sizeof leads[0]; i++) {
        if (bytes[0] < leads[i].first || bytes[0] > leads[i].last) continue;
        size_t size = leads[i].size;
        if (size > length) return 0;
        if (size > 1 && (bytes[1] < leads[i].low || bytes[1] > leads[i].high))
            return 0;
        for (size_t k = 2; k < size; k++) {
            if ((bytes[k] & 0xc0) != 0x80) return 0;
        }
        return size;
    }
    return 0;
}

#include "base64.h"
#include <stdbool.h>
#include <stdint.h>

static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(const char *bytes, size_t size, char *text) {
    const uint8_t *at = (const uint8_t *)bytes;
    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        uint32_t group = (uint32_t)at[i] << 16 | (left > 1 ? at[i + 1] << 8 : 0) | (left > 2 ? at[i + 2] : 0);
        *text++ = ALPHABET[group >> 18];
        *text++ = ALPHABET[group >> 12 & 63];
        *text++ = left > 1 ? ALPHABET[group >> 6 & 63] : '=';
        *text++ = left > 2 ? ALPHABET[group & 63] : '=';
    }
}

size_t base64_size(const char *text, size_t size) {
    size_t padding = size >= 1 && text[size - 1] == '=' ? 1 + (size >= 2 && text[size - 2] == '=') : 0;
    return size / 4 * 3 - (size >= 4 ? padding : 0);
}

static uint8_t values[256];

static void fill_values(void) {
    for (int i = 0; i < 256; i++)
        values[i] = 255;
    for (int i = 0; i < 64; i++)
        values[(uint8_t)ALPHABET[i]] = (uint8_t)i;
    values['='] = 0;
}

size_t base64_decode(const char *text, size_t size, char *bytes) {
    if (values['B'] == 0)
        fill_values();
    if (size % 4 != 0)
        return 0;
    uint8_t wrong = 0;
    for (size_t i = 0; i < size; i += 4) {
        uint8_t a = values[(uint8_t)text[i]], b = values[(uint8_t)text[i + 1]];
        uint8_t c = values[(uint8_t)text[i + 2]], d = values[(uint8_t)text[i + 3]];
        wrong |= a | b | c | d;
        *bytes++ = (char)(a << 2 | b >> 4);
        *bytes++ = (char)(b << 4 | c >> 2);
        *bytes++ = (char)(c << 6 | d);
    }
    return wrong & 0xc0 ? 0 : base64_size(text, size);
}

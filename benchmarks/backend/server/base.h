// What every part shares: time, text that points into a request, and a buffer that grows.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND 1000000000LL
#define KIB 1024
#define MIB (1024 * 1024)

typedef struct {
    char *at;
    size_t size;
} Text;

typedef struct {
    char *at;
    size_t size, room;
} Buffer;

_Noreturn static inline void die(const char *why) {
    fprintf(stderr, "backend: %s\n", why);
    exit(1);
}

static inline void *grown(void *old, size_t size) {
    void *new = realloc(old, size);
    if (new == NULL)
        die("out of memory");
    return new;
}

static inline int64_t monotonic(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * SECOND + now.tv_nsec;
}

// Room for so many more bytes; returns where they go. The caller moves `size` on.
static inline char *room_for(Buffer *buffer, size_t more) {
    if (buffer->size + more > buffer->room) {
        buffer->room = (buffer->size + more) * 2;
        buffer->at = grown(buffer->at, buffer->room);
    }
    return buffer->at + buffer->size;
}

static inline void add(Buffer *buffer, const void *bytes, size_t size) {
    if (size > 0)  // else `bytes` may be no place at all
        memcpy(room_for(buffer, size), bytes, size);
    buffer->size += size;
}

static inline void add_string(Buffer *buffer, const char *string) {
    add(buffer, string, strlen(string));
}

__attribute__((format(printf, 2, 3))) void add_format(Buffer *buffer, const char *format, ...);

static inline bool is(Text text, const char *string) {
    return text.size == strlen(string) && memcmp(text.at, string, text.size) == 0;
}

static const char HEX[] = "0123456789abcdef";

static inline void put_hex(char *at, uint64_t number, int digits) {
    for (int i = digits - 1; i >= 0; i--, number >>= 4)
        at[i] = HEX[number & 15];
}

// Exactly so many hexadecimal digits; false if one is not.
static inline bool read_hex(const char *at, int digits, uint64_t *number) {
    uint64_t result = 0;
    for (int i = 0; i < digits; i++) {
        char c = at[i];
        int value = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (value < 0)
            return false;
        result = result << 4 | (uint64_t)value;
    }
    *number = result;
    return true;
}

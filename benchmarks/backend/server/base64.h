// RFC 4648, standard alphabet.
#pragma once
#include <stddef.h>

void base64_encode(const char *bytes, size_t size, char *text);  // writes (size + 2) / 3 * 4 characters
size_t base64_size(const char *text, size_t size);               // of what is encoded
size_t base64_decode(const char *text, size_t size, char *bytes);  // returns how many bytes; 0 if it is none

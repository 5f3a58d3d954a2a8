// Reads the fields that are needed out of a JSON text, keys in any order. Strings are unescaped in place.
#pragma once
#include "base.h"

typedef struct {
    char *at, *end;
    bool bad;  // no JSON, as far as it was read; everything reads as empty from there on
} Scan;

bool json_enter(Scan *scan, char bracket);  // '{' or '['
bool json_key(Scan *scan, Text *key);       // the next key of an object; false at its end
bool json_item(Scan *scan);                 // whether an array has another item
Text json_string(Scan *scan);
int64_t json_integer(Scan *scan);
void json_skip(Scan *scan);  // one value of any kind

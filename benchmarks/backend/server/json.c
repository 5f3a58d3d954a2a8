#include "json.h"

static char peek(Scan *scan) {
    while (scan->at < scan->end && (*scan->at == ' ' || *scan->at == '\n' || *scan->at == '\r' || *scan->at == '\t'))
        scan->at++;
    if (scan->at >= scan->end)
        scan->bad = true;
    return scan->bad ? 0 : *scan->at;
}

static bool take(Scan *scan, char wanted) {
    if (peek(scan) != wanted)
        return false;
    scan->at++;
    return true;
}

bool json_enter(Scan *scan, char bracket) {
    if (!take(scan, bracket))
        scan->bad = true;
    return !scan->bad;
}

bool json_key(Scan *scan, Text *key) {
    take(scan, ',');
    if (take(scan, '}') || scan->bad)
        return false;
    *key = json_string(scan);
    if (!take(scan, ':'))
        scan->bad = true;
    return !scan->bad;
}

bool json_item(Scan *scan) {
    take(scan, ',');
    return !take(scan, ']') && !scan->bad;
}

static char *put_utf8(char *out, uint32_t code) {
    if (code < 0x80) {
        *out++ = (char)code;
    } else if (code < 0x800) {
        *out++ = (char)(0xc0 | code >> 6);
        *out++ = (char)(0x80 | (code & 63));
    } else if (code < 0x10000) {
        *out++ = (char)(0xe0 | code >> 12);
        *out++ = (char)(0x80 | (code >> 6 & 63));
        *out++ = (char)(0x80 | (code & 63));
    } else {
        *out++ = (char)(0xf0 | code >> 18);
        *out++ = (char)(0x80 | (code >> 12 & 63));
        *out++ = (char)(0x80 | (code >> 6 & 63));
        *out++ = (char)(0x80 | (code & 63));
    }
    return out;
}

static char escaped(char kind) {
    static const char KINDS[] = "ntrbf", MEANT[] = "\n\t\r\b\f";
    const char *found = kind ? strchr(KINDS, kind) : NULL;
    return found ? MEANT[found - KINDS] : kind;
}

static uint32_t four_digits(Scan *scan) {
    uint64_t number = 0;
    char lower[4];
    if (scan->end - scan->at < 4) {
        scan->bad = true;
        return 0;
    }
    for (int i = 0; i < 4; i++)
        lower[i] = scan->at[i] >= 'A' && scan->at[i] <= 'F' ? (char)(scan->at[i] + 32) : scan->at[i];
    if (!read_hex(lower, 4, &number))
        scan->bad = true;
    scan->at += 4;
    return (uint32_t)number;
}

static uint32_t escaped_code(Scan *scan) {
    uint32_t high = four_digits(scan);
    if (high < 0xd800 || high >= 0xdc00 || scan->end - scan->at < 6 || scan->at[0] != '\\' || scan->at[1] != 'u')
        return high;
    scan->at += 2;
    return 0x10000 + ((high - 0xd800) << 10) + (four_digits(scan) - 0xdc00);
}

// From the first backslash on; the result is never longer than its source.
static Text unescaped(Scan *scan, char *begin) {
    char *out = scan->at;
    while (scan->at < scan->end && *scan->at != '"' && !scan->bad) {
        if (*scan->at != '\\') {
            *out++ = *scan->at++;
            continue;
        }
        char kind = scan->at + 1 < scan->end ? scan->at[1] : 0;
        scan->at += 2;
        if (kind == 'u')
            out = put_utf8(out, escaped_code(scan));
        else
            *out++ = escaped(kind);
    }
    if (scan->at >= scan->end)
        scan->bad = true;
    scan->at++;
    return (Text){begin, (size_t)(out - begin)};
}

Text json_string(Scan *scan) {
    if (!json_enter(scan, '"'))
        return (Text){scan->end, 0};
    char *begin = scan->at, *quote = memchr(begin, '"', (size_t)(scan->end - begin));
    if (quote == NULL) {
        scan->bad = true;
        return (Text){scan->end, 0};
    }
    char *backslash = memchr(begin, '\\', (size_t)(quote - begin));
    if (backslash != NULL) {
        scan->at = backslash;
        return unescaped(scan, begin);
    }
    scan->at = quote + 1;
    return (Text){begin, (size_t)(quote - begin)};
}

int64_t json_integer(Scan *scan) {
    int64_t number = 0;
    bool negative = take(scan, '-');
    char *begin = scan->at;
    for (; scan->at < scan->end && scan->at - begin < 18 && *scan->at >= '0' && *scan->at <= '9'; scan->at++)
        number = number * 10 + (*scan->at - '0');
    if (scan->at == begin)
        scan->bad = true;
    return negative ? -number : number;
}

void json_skip(Scan *scan) {
    int depth = 0;
    do {
        char c = peek(scan);
        if (scan->bad)
            return;
        if (c == '"')
            json_string(scan);
        else
            scan->at++;
        depth += (c == '{' || c == '[') - (c == '}' || c == ']');
    } while (depth > 0 || (scan->at < scan->end && strchr(",}]", peek(scan)) == NULL));
}

// What of HTTP/1.1 the AWS clients use.
#pragma once
#include "base.h"

#define MOST_HEAD (16 * KIB)
#define MOST_BODY (16 * MIB)  // 10 MiB of records in base64, and what is around them

typedef struct {
    Text method, path, target;
    size_t head_size, body_size;
    bool closes, wants_continue;
} Request;

// False if it is none that is understood here. Leaves head_size 0 while the head is incomplete.
bool read_request(Text head, Request *request);
void add_answer(Buffer *out, const Request *request, int status, Buffer body);

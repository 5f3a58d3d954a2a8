// The operations of SQS and Kinesis, from a request's body to an answer's.
#pragma once
#include "base.h"
#include "json.h"

typedef struct {
    uint32_t most;
    int64_t hidden;  // nanoseconds; below 0: the queue's own
    int64_t wait_seconds;
    bool sent_at, receive_count;
} Poll;

typedef struct {
    int status;  // of HTTP
    bool polls;  // no message yet: `poll` may be held open
    Poll poll;
} Reply;

Reply sqs(Text operation, Scan body, Buffer *out, int64_t now);
Reply kinesis(Text operation, Scan body, Buffer *out, Buffer *completed, int64_t now);  // completed: uint32 each
bool sqs_poll(const Poll *poll, Buffer *out, int64_t now);  // false if there is nothing to receive
Reply failure(Buffer *out, int status, const char *code, const char *message);
void add_sequence(Buffer *out, uint32_t shard, uint64_t number);  // 56 digits, as Kinesis has
void aws_open(int port);

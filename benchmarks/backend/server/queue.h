// One standard queue: messages made as they are received, hidden while they are held, gone when deleted.
#pragma once
#include "base.h"

#define HANDLE_SIZE 184  // about what SQS's own have

typedef struct {
    uint32_t submissions, devices;
    int64_t visibility;  // nanoseconds
    double rate;         // messages a second, from the first receive on; 0: all are there from the start
    Text tail;           // what every submission's document ends with, after its two ids
} QueueOptions;

typedef struct {
    uint64_t received, deleted;
    uint32_t waiting, held;
    int64_t first_receive;  // monotonic, 0 before it
    int64_t visibility;     // nanoseconds, for who does not say otherwise
} QueueFacts;

typedef enum { DONE, NOT_HELD, NO_HANDLE } Settled;

void queue_open(QueueOptions options);
QueueFacts queue_facts(void);
int64_t queue_next(void);                                        // when a message is to be had; INT64_MAX: not in sight
bool queue_take(int64_t now, int64_t hidden, uint32_t *number);  // hidden for so long; false if there is none
void queue_add_message(Buffer *out, uint32_t number, bool sent, bool receive_count);
Settled queue_delete(Text handle, int64_t now);
Settled queue_hide(Text handle, int64_t now, int64_t hidden);
int64_t queue_deleted_at(uint32_t count);  // when so many were deleted; 0 before
void queue_add_deleted(Buffer *out);       // one byte a submission: 1 if it was deleted
void queue_acknowledged(uint32_t number, int64_t now);  // the answer about its last event has left
void queue_add_ages(Buffer *out);  // a double for each that was acknowledged: seconds since it was sent

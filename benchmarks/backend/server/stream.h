// One stream: records to shards by the MD5 of their key, refusals, limits, and a memory of what was stored.
#pragma once
#include "base.h"

#define MOST_SHARDS 1000

typedef unsigned __int128 Hash;

typedef struct {
    uint32_t shards, events;  // events: of a submission
    double refused_share;
    bool limits;
    uint64_t seed;
} StreamOptions;

typedef enum { STORED, REFUSED_THROUGHPUT, REFUSED_INTERNAL, THROTTLED } Outcome;

typedef struct {
    Outcome outcome;
    uint32_t shard;
    uint64_t sequence;
    int64_t completes;  // the submission whose last event it is; below 0: none
} Put;

typedef struct {
    uint64_t stored, refused, throttled;
} StreamFacts;

void stream_open(StreamOptions options);
StreamFacts stream_facts(void);
uint32_t stream_shards(void);
Hash stream_first_hash(uint32_t shard);
Hash stream_last_hash(uint32_t shard);
Put stream_put(Text key, Text data, int64_t now);  // data as it came: base64
void stream_add_stored(Buffer *out);  // {uint32 submission, sequence, shard} for each record, in order of arrival;
                                      // all ones where the record does not say which event it is

// What can be read off the stream: records given at the start, again and again, on every shard at the same rate.
#pragma once
#include "base.h"

typedef struct {
    Text lines;      // the data of a record in base64, a line each; they come in turns
    double rate;     // records a second of all shards, from the first iterator on; 0: as many as are asked for
    uint32_t shards;
    size_t number_at;  // where 18 bytes of each record are its shard and position; a multiple of 3, 0: nowhere
} SupplyOptions;

typedef struct {
    uint64_t next;  // the position behind them
    int64_t behind; // nanoseconds from the arrival of what is next to now; 0: there is nothing more yet
} Supplied;

void supply_open(SupplyOptions options);
void supply_begin(int64_t now);  // records arrive from now on, if they do not yet
uint64_t supply_given(void);
Supplied supply_add(Buffer *out, uint32_t shard, uint64_t position, uint64_t most, int64_t now);

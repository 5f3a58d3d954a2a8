#include "supply.h"
#include "aws.h"
#include "base64.h"

#define MOST_BYTES (10 * MIB)  // of one read
#define NUMBER_BYTES 18

static SupplyOptions options;
static Text *lines;
static uint32_t count;
static int64_t begun, epoch;  // epoch: of the clock on the wall, as monotonic() counts
static uint64_t given;

void supply_open(SupplyOptions with) {
    options = with;
    char *end = options.lines.at + options.lines.size;
    for (char *at = options.lines.at, *stop; at < end; at = stop + 1) {
        stop = memchr(at, '\n', (size_t)(end - at));
        if (stop == NULL)
            die("a record to be read ends without a line break");
        lines = grown(lines, (count + 1) * sizeof *lines);
        lines[count++] = (Text){at, (size_t)(stop - at)};
    }
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    epoch = monotonic() - (wall.tv_sec * SECOND + wall.tv_nsec);
}

void supply_begin(int64_t now) {
    if (begun == 0)
        begun = now;
}

uint64_t supply_given(void) {
    return given;
}

static int64_t arrival(uint64_t position, int64_t now) {
    return options.rate > 0 ? begun + (int64_t)((double)position * options.shards / options.rate * SECOND) : now;
}

// What was added last gets digits of its own, which are three bytes for each four characters of the base64.
static void set_apart(Buffer *out, size_t size, uint32_t shard, uint64_t position) {
    char digits[NUMBER_BYTES + 1];
    snprintf(digits, sizeof digits, "%06u%012llu", shard, (unsigned long long)position);
    base64_encode(digits, NUMBER_BYTES, out->at + out->size - size + options.number_at / 3 * 4);
}

Supplied supply_add(Buffer *out, uint32_t shard, uint64_t position, uint64_t most, int64_t now) {
    uint64_t first = position;
    size_t bytes = 0;
    for (; count > 0 && position < first + most; position++) {
        Text data = lines[position % count];
        bytes += data.size / 4 * 3;
        if (arrival(position, now) > now || bytes > MOST_BYTES)
            break;
        add_string(out, position == first ? "{\"SequenceNumber\":\"" : ",{\"SequenceNumber\":\"");
        add_sequence(out, shard, position);
        add_format(out, "\",\"ApproximateArrivalTimestamp\":%.3f,\"PartitionKey\":\"%08u\",\"Data\":\"",
                   (double)(arrival(position, now) - epoch) / SECOND, shard);
        add(out, data.at, data.size);
        if (options.number_at > 0)
            set_apart(out, data.size, shard, position);
        add_string(out, "\"}");
    }
    given += position - first;
    int64_t next = arrival(position, now);
    return (Supplied){position, next < now ? now - next : 0};
}

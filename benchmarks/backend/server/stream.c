#include "stream.h"
#include "base64.h"
#include "json.h"
#include "md5.h"

#define MOST_STORED (64u * 1024 * 1024)  // records remembered: 768 MiB
#define UNKNOWN UINT32_MAX
#define IDENTITY_WITHIN 1024  // base64 characters: mostly there, so that large records need not be decoded
#define RECORDS_PER_SECOND 1000.0
#define BYTES_PER_SECOND (1024.0 * KIB)

typedef struct {
    double records, bytes;  // tokens
    int64_t filled_at;
    uint64_t sequence;
} Shard;

typedef struct {
    uint32_t submission, sequence, shard;
} Stored;

static StreamOptions options;
static Shard shards[MOST_SHARDS];
static Stored *stored;
static size_t stored_room;
static StreamFacts facts;
static Hash width;  // of a shard's range; the last one takes what division leaves over
static uint64_t randomness;
static Buffer decoded;

void stream_open(StreamOptions given) {
    if (given.shards < 1 || given.shards > MOST_SHARDS)
        die("shards must be 1 to 1000");
    options = given;
    randomness = options.seed;
    width = options.shards == 1 ? 0 : ~(Hash)0 / options.shards + (~(Hash)0 % options.shards == options.shards - 1);
    for (uint32_t i = 0; i < options.shards; i++)
        shards[i] = (Shard){RECORDS_PER_SECOND, BYTES_PER_SECOND, monotonic(), 0};
}

StreamFacts stream_facts(void) {
    return facts;
}

uint32_t stream_shards(void) {
    return options.shards;
}

Hash stream_first_hash(uint32_t shard) {
    return width * shard;
}

Hash stream_last_hash(uint32_t shard) {
    return shard == options.shards - 1 ? ~(Hash)0 : width * (shard + 1) - 1;
}

static uint32_t shard_of(Text key) {
    uint8_t digest[16];
    Hash hash = 0;
    md5(key.at, key.size, digest);
    for (int i = 0; i < 16; i++)
        hash = hash << 8 | digest[i];
    uint32_t shard = width == 0 ? 0 : (uint32_t)(hash / width);
    return shard < options.shards ? shard : options.shards - 1;
}

static uint64_t next_random(void) {  // splitmix64
    uint64_t z = randomness += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

// A bucket of one second's capacity, filled all the time.
static bool has_room(Shard *shard, double bytes, int64_t now) {
    double seconds = (double)(now - shard->filled_at) / SECOND;
    shard->filled_at = now;
    shard->records += seconds * RECORDS_PER_SECOND;
    shard->bytes += seconds * BYTES_PER_SECOND;
    if (shard->records > RECORDS_PER_SECOND)
        shard->records = RECORDS_PER_SECOND;
    if (shard->bytes > BYTES_PER_SECOND)
        shard->bytes = BYTES_PER_SECOND;
    if (shard->records < 1 || shard->bytes < bytes)
        return false;
    shard->records -= 1;
    shard->bytes -= bytes;
    return true;
}

static bool field(const char *name, Scan *value) {
    size_t size = strlen(name);
    char *found = memmem(decoded.at, decoded.size, name, size);
    if (found == NULL)
        return false;
    char *at = found + size, *end = decoded.at + decoded.size;
    while (at < end && (*at == ' ' || *at == ':'))
        at++;
    *value = (Scan){at, end, false};
    return true;
}

// Which event it is: the last group of its submission's id is the number of the message it came from. False if the
// text does not say.
static bool identify(Text data, Stored *record) {
    Scan id, sequence;
    uint64_t submission;
    decoded.size = 0;
    room_for(&decoded, data.size + 1);
    decoded.size = base64_decode(data.at, data.size, decoded.at);
    if (!field("\"submission_id\"", &id) || !field("\"sequence\"", &sequence))
        return false;
    Text text = json_string(&id);
    int64_t number = json_integer(&sequence);
    bool cut_off = sequence.bad || sequence.at == sequence.end;
    if (text.size != 36 || !read_hex(text.at + 24, 12, &submission) || cut_off || number < 0)
        return false;
    record->submission = (uint32_t)submission;
    record->sequence = (uint32_t)number;
    return true;
}

static Stored remember(Text data, uint32_t shard) {
    Stored record = {UNKNOWN, UNKNOWN, shard};
    Text beginning = {data.at, data.size < IDENTITY_WITHIN ? data.size : IDENTITY_WITHIN};
    if (!identify(beginning, &record))
        identify(data, &record);
    if (facts.stored >= stored_room) {
        stored_room = stored_room == 0 ? 65536 : stored_room * 2;
        if (stored_room > MOST_STORED)
            die("more records than are remembered");
        stored = grown(stored, stored_room * sizeof *stored);
    }
    return stored[facts.stored++] = record;
}

static bool refused_by_chance(void) {
    return options.refused_share > 0 && (double)(next_random() >> 11) / (1LL << 53) < options.refused_share;
}

Put stream_put(Text key, Text data, int64_t now) {
    uint32_t number = shard_of(key);
    Shard *shard = &shards[number];
    if (refused_by_chance()) {
        facts.refused++;
        return (Put){next_random() & 1 ? REFUSED_THROUGHPUT : REFUSED_INTERNAL, number, 0, -1};
    }
    if (options.limits && !has_room(shard, (double)(base64_size(data.at, data.size) + key.size), now)) {
        facts.throttled++;
        return (Put){THROTTLED, number, 0, -1};
    }
    Stored record = remember(data, number);
    int64_t completes = record.sequence == options.events - 1 ? (int64_t)record.submission : -1;
    return (Put){STORED, number, ++shard->sequence, completes};
}

void stream_add_stored(Buffer *out) {
    add(out, stored, facts.stored * sizeof *stored);
}

#include "aws.h"
#include "base64.h"
#include "stream.h"
#include "supply.h"

#define MOST_RECORDS 500
#define MOST_READ 10000
#define MOST_CALL_BYTES (10 * MIB)
#define MOST_RECORD_BYTES MIB
#define ARN "arn:aws:kinesis:us-east-1:000000000000:stream/events"
#define SEQUENCE_PREFIX "4966000000000000000000000000000000"  // with the 22 digits that follow, 56 as Kinesis has

typedef struct {
    Text key, data;
} Entry;

static size_t bytes_of(const Entry *entry) {
    return base64_size(entry->data.at, entry->data.size) + entry->key.size;
}

static Entry read_record(Scan *body) {
    Entry entry = {{body->end, 0}, {body->end, 0}};
    Text key;
    json_enter(body, '{');
    while (json_key(body, &key))
        if (is(key, "Data"))
            entry.data = json_string(body);
        else if (is(key, "PartitionKey"))
            entry.key = json_string(body);
        else
            json_skip(body);
    return entry;
}

static int read_records(Scan *body, Entry entries[MOST_RECORDS + 1]) {
    int count = 0;
    Text key;
    json_enter(body, '{');
    while (json_key(body, &key)) {
        if (!is(key, "Records")) {
            json_skip(body);
            continue;
        }
        json_enter(body, '[');
        while (json_item(body) && count <= MOST_RECORDS)
            entries[count++] = read_record(body);
    }
    return body->bad ? 0 : count;
}

static bool within_limits(const Entry *entries, int count) {
    size_t bytes = 0;
    for (int i = 0; i < count; i++) {
        if (bytes_of(&entries[i]) > MOST_RECORD_BYTES || entries[i].key.size < 1)
            return false;
        bytes += bytes_of(&entries[i]);
    }
    return count >= 1 && count <= MOST_RECORDS && bytes <= MOST_CALL_BYTES;
}

static void put_decimal(char *at, uint64_t number, int digits) {
    for (int i = digits - 1; i >= 0; i--, number /= 10)
        at[i] = (char)('0' + number % 10);
}

void add_sequence(Buffer *out, uint32_t shard, uint64_t number) {
    char text[] = SEQUENCE_PREFIX "0000########!!!!!!!!!!";
    char *digits = strchr(text, '#');
    put_decimal(digits, shard, 8);
    put_decimal(digits + 8, number, 10);
    add(out, text, sizeof text - 1);
}

static void add_stored(Buffer *out, Put put) {
    char text[] = "\",\"ShardId\":\"shardId-############\"}";
    add_string(out, "{\"SequenceNumber\":\"");
    add_sequence(out, put.shard, put.sequence);
    put_decimal(strchr(text, '#'), put.shard, 12);
    add(out, text, sizeof text - 1);
}

static const char *const CODES[] = {
    [REFUSED_THROUGHPUT] = "ProvisionedThroughputExceededException",
    [REFUSED_INTERNAL] = "InternalFailure",
    [THROTTLED] = "ProvisionedThroughputExceededException",
};

static void add_refused(Buffer *out, Put put) {
    add_format(out, "{\"ErrorCode\":\"%s\",\"ErrorMessage\":\"", CODES[put.outcome]);
    if (put.outcome == REFUSED_INTERNAL)
        add_string(out, "Internal service failure.\"}");
    else
        add_format(out, "Rate exceeded for shard shardId-%012u in stream events under account 000000000000.\"}",
                   put.shard);
}

static Put put_one(const Entry *entry, Buffer *completed, int64_t now) {
    Put put = stream_put(entry->key, entry->data, now);
    uint32_t submission = (uint32_t)put.completes;
    if (put.completes >= 0)
        add(completed, &submission, sizeof submission);
    return put;
}

static Reply put_records(Scan body, Buffer *out, Buffer *completed, int64_t now) {
    static Entry entries[MOST_RECORDS + 1];
    int failed = 0, count = read_records(&body, entries);
    if (!within_limits(entries, count))
        return failure(out, 400, "ValidationException", "1 to 500 records of at most 1 MiB, 10 MiB together");
    for (int i = 0; i < count; i++) {
        Put put = put_one(&entries[i], completed, now);
        add_string(out, i == 0 ? "{\"Records\":[" : ",");
        failed += put.outcome != STORED;
        if (put.outcome == STORED)
            add_stored(out, put);
        else
            add_refused(out, put);
    }
    add_format(out, "],\"FailedRecordCount\":%d}", failed);
    return (Reply){.status = 200};
}

static Reply put_record(Scan body, Buffer *out, Buffer *completed, int64_t now) {
    Entry entry = read_record(&body);
    if (body.bad || !within_limits(&entry, 1))
        return failure(out, 400, "ValidationException", "A record has a key, and at most 1 MiB");
    Put put = put_one(&entry, completed, now);
    if (put.outcome == STORED)
        add_stored(out, put);
    else
        return failure(out, put.outcome == REFUSED_INTERNAL ? 500 : 400, CODES[put.outcome], "Rate exceeded.");
    return (Reply){.status = 200};
}

static void add_hash(Buffer *out, Hash hash) {
    char digits[39], *at = digits + sizeof digits;
    do {
        *--at = (char)('0' + (int)(hash % 10));
        hash /= 10;
    } while (hash > 0);
    add(out, at, (size_t)(digits + sizeof digits - at));
}

static void add_shards(Buffer *out) {
    for (uint32_t i = 0; i < stream_shards(); i++) {
        add_format(out, "%s{\"ShardId\":\"shardId-%012u\",", i == 0 ? "" : ",", i);
        add_string(out, "\"HashKeyRange\":{\"StartingHashKey\":\"");
        add_hash(out, stream_first_hash(i));
        add_string(out, "\",\"EndingHashKey\":\"");
        add_hash(out, stream_last_hash(i));
        add_string(out, "\"},\"SequenceNumberRange\":{\"StartingSequenceNumber\":\"" SEQUENCE_PREFIX "0000");
        add_format(out, "%08u%010u\"}}", i, 0u);
    }
}

static Reply list_shards(Buffer *out) {
    add_string(out, "{\"Shards\":[");
    add_shards(out);
    add_string(out, "]}");
    return (Reply){.status = 200};
}

// An iterator is the shard and the position in it.
static Reply get_shard_iterator(Scan body, Buffer *out, int64_t now) {
    unsigned long shard = 0, position = 0;
    bool after = false, known = false;
    Text key, sequence = {body.end, 0};
    json_enter(&body, '{');
    while (json_key(&body, &key))
        if (is(key, "ShardId")) {
            Text name = json_string(&body);
            known = name.size == 20 && sscanf(name.at, "shardId-%12lu", &shard) == 1 && shard < stream_shards();
        } else if (is(key, "ShardIteratorType")) {
            after = is(json_string(&body), "AFTER_SEQUENCE_NUMBER");
        } else if (is(key, "StartingSequenceNumber")) {
            sequence = json_string(&body);
        } else {
            json_skip(&body);
        }
    if (body.bad || !known)
        return failure(out, 400, "ResourceNotFoundException", "No such shard");
    if (after && (sequence.size < 10 || sscanf(sequence.at + sequence.size - 10, "%10lu", &position) != 1))
        return failure(out, 400, "InvalidArgumentException", "No sequence number");
    supply_begin(now);
    add_format(out, "{\"ShardIterator\":\"%08lu-%010lu\"}", shard, position + after);
    return (Reply){.status = 200};
}

static Reply get_records(Scan body, Buffer *out, int64_t now) {
    unsigned long shard, position;
    int64_t most = MOST_READ;
    Text key, iterator = {body.end, 0};
    json_enter(&body, '{');
    while (json_key(&body, &key))
        if (is(key, "ShardIterator"))
            iterator = json_string(&body);
        else if (is(key, "Limit"))
            most = json_integer(&body);
        else
            json_skip(&body);
    if (body.bad || iterator.size != 19 || sscanf(iterator.at, "%8lu-%10lu", &shard, &position) != 2 || most < 1)
        return failure(out, 400, "InvalidArgumentException", "No iterator");
    add_string(out, "{\"Records\":[");
    Supplied read = supply_add(out, (uint32_t)shard, position, most < MOST_READ ? (uint64_t)most : MOST_READ, now);
    add_format(out, "],\"NextShardIterator\":\"%08lu-%010llu\",\"MillisBehindLatest\":%lld}", shard,
               (unsigned long long)read.next, (long long)(read.behind / (SECOND / 1000)));
    return (Reply){.status = 200};
}

#define DESCRIPTION                                                                                                    \
    "\"StreamName\":\"events\",\"StreamARN\":\"" ARN "\",\"StreamStatus\":\"ACTIVE\",\"RetentionPeriodHours\":24,"     \
    "\"StreamCreationTimestamp\":1700000000,\"EnhancedMonitoring\":[{\"ShardLevelMetrics\":[]}],"                      \
    "\"EncryptionType\":\"NONE\",\"StreamModeDetails\":{\"StreamMode\":\"PROVISIONED\"}"

static Reply describe_stream(Buffer *out) {
    add_string(out, "{\"StreamDescription\":{" DESCRIPTION ",\"HasMoreShards\":false,\"Shards\":[");
    add_shards(out);
    add_string(out, "]}}");
    return (Reply){.status = 200};
}

static Reply describe_stream_summary(Buffer *out) {
    add_string(out, "{\"StreamDescriptionSummary\":{" DESCRIPTION ",\"ConsumerCount\":0,\"MaxRecordSizeInKiB\":1024,");
    add_format(out, "\"OpenShardCount\":%u}}", stream_shards());
    return (Reply){.status = 200};
}

Reply kinesis(Text operation, Scan body, Buffer *out, Buffer *completed, int64_t now) {
    if (is(operation, "PutRecords"))
        return put_records(body, out, completed, now);
    if (is(operation, "PutRecord"))
        return put_record(body, out, completed, now);
    if (is(operation, "ListShards"))
        return list_shards(out);
    if (is(operation, "GetShardIterator"))
        return get_shard_iterator(body, out, now);
    if (is(operation, "GetRecords"))
        return get_records(body, out, now);
    if (is(operation, "DescribeStreamSummary"))
        return describe_stream_summary(out);
    if (is(operation, "DescribeStream"))
        return describe_stream(out);
    return failure(out, 400, "UnknownOperationException", "");
}

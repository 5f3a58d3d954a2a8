#include "control.h"
#include "queue.h"
#include "stream.h"
#include "supply.h"
#include <ctype.h>

#define MOST_OPERATIONS 32

static struct {
    char name[64];
    uint64_t calls;
} operations[MOST_OPERATIONS];

static bool is_word(Text text) {
    for (size_t i = 0; i < text.size; i++)
        if (!isalpha((unsigned char)text.at[i]))
            return false;
    return text.size > 0;
}

void control_count(Text operation) {
    if (!is_word(operation))
        return;
    for (int i = 0; i < MOST_OPERATIONS; i++) {
        if (operations[i].calls == 0 && operation.size < sizeof operations[i].name)
            memcpy(operations[i].name, operation.at, operation.size);
        if (is(operation, operations[i].name)) {
            operations[i].calls++;
            return;
        }
    }
}

static double cpu_seconds(void) {
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / SECOND;
}

static void add_counts(Buffer *out) {
    QueueFacts queue = queue_facts();
    StreamFacts stream = stream_facts();
    add_string(out, "{\"calls\":{");
    for (int i = 0; i < MOST_OPERATIONS && operations[i].calls > 0; i++)
        add_format(out, "%s\"%s\":%llu", i == 0 ? "" : ",", operations[i].name,
                   (unsigned long long)operations[i].calls);
    add_format(out,
               "},\"stored\":%llu,\"refused\":%llu,\"throttled\":%llu,\"received\":%llu,\"deleted\":%llu,"
               "\"read\":%llu,\"cpu_seconds\":%.6f}",
               (unsigned long long)stream.stored, (unsigned long long)stream.refused,
               (unsigned long long)stream.throttled, (unsigned long long)queue.received,
               (unsigned long long)queue.deleted, (unsigned long long)supply_given(), cpu_seconds());
}

// From the first receive until so many messages were deleted.
static void add_seconds(Buffer *out, uint32_t count) {
    int64_t deleted_at = queue_deleted_at(count);
    if (deleted_at == 0)
        add_string(out, "null");
    else
        add_format(out, "%.9f", (double)(deleted_at - queue_facts().first_receive) / SECOND);
}

#define SECONDS "/_backend/seconds_until_deleted/"

int control(Text path, Buffer *out) {
    if (is(path, "/_backend/counts"))
        add_counts(out);
    else if (is(path, "/_backend/stored"))
        stream_add_stored(out);
    else if (is(path, "/_backend/deleted"))
        queue_add_deleted(out);
    else if (is(path, "/_backend/ages"))
        queue_add_ages(out);
    else if (path.size > strlen(SECONDS) && memcmp(path.at, SECONDS, strlen(SECONDS)) == 0)
        add_seconds(out, (uint32_t)strtoul(path.at + strlen(SECONDS), NULL, 10));
    else
        return 404;
    return 200;
}

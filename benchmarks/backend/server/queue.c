#include "queue.h"
#include "base64.h"
#include "md5.h"

// A document begins with its ids, in a multiple of three bytes: so the base64 of the rest is the same for all.
#define ID "########-####-####-####-############"
#define HEAD "{\"submission_id\":\"" ID "\",\"device_id\":\"" ID "\", "
#define HEAD_SIZE (sizeof HEAD - 1)
#define HEAD_TEXT_SIZE (HEAD_SIZE / 3 * 4)
#define SUBMISSION_AT 18
#define DEVICE_AT 69
_Static_assert(HEAD_SIZE % 3 == 0, "the tail would not begin at a base64 boundary");

typedef struct {
    int64_t visible_at;
    uint32_t place;  // in `held`, while it is held
    uint32_t receives : 31;
    bool deleted : 1;
} Message;

static QueueOptions options;
static Message *messages;
static uint32_t fresh;      // the first message nobody has received yet
static uint32_t *held;      // a heap by visible_at: received and not deleted
static uint32_t held_size;
static int64_t *deleted_at;  // in order of deletion
static uint32_t deleted;
static uint64_t received;
static int64_t first_receive;
static int64_t opened_at, epoch;   // epoch: of the clock on the wall, as monotonic() counts
static int64_t *acknowledged_at;  // by number; 0 before
static char *body;  // one body, ids to be filled in
static size_t body_size;
static char handle_prefix[HANDLE_SIZE - 32];

void queue_open(QueueOptions given) {
    options = given;
    messages = grown(NULL, options.submissions * sizeof *messages);
    memset(messages, 0, options.submissions * sizeof *messages);
    held = grown(NULL, options.submissions * sizeof *held);
    deleted_at = grown(NULL, options.submissions * sizeof *deleted_at);
    acknowledged_at = grown(NULL, options.submissions * sizeof *acknowledged_at);
    memset(acknowledged_at, 0, options.submissions * sizeof *acknowledged_at);
    body_size = HEAD_TEXT_SIZE + (options.tail.size + 2) / 3 * 4;
    body = grown(NULL, body_size);
    base64_encode(options.tail.at, options.tail.size, body + HEAD_TEXT_SIZE);
    memset(handle_prefix, 'A', sizeof handle_prefix);
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    opened_at = monotonic();
    epoch = opened_at - (wall.tv_sec * SECOND + wall.tv_nsec);
}

static int64_t sent_at(uint32_t number) {
    return options.rate > 0 ? first_receive + (int64_t)(number / options.rate * SECOND) : opened_at;
}

// Sent by now, and never received.
static uint32_t waiting(int64_t now) {
    uint32_t left = options.submissions - fresh;
    if (options.rate == 0)
        return left;
    double sent = first_receive == 0 ? 0 : (double)(now - first_receive) / SECOND * options.rate + 1 - fresh;
    return sent < 0 ? 0 : sent < left ? (uint32_t)sent : left;
}

QueueFacts queue_facts(void) {
    return (QueueFacts){received, deleted, waiting(monotonic()), held_size, first_receive, options.visibility};
}

static void place(uint32_t at, uint32_t number) {
    held[at] = number;
    messages[number].place = at;
}

static void sift(uint32_t at) {
    uint32_t number = held[at];
    int64_t time = messages[number].visible_at;
    for (; at > 0 && time < messages[held[(at - 1) / 2]].visible_at; at = (at - 1) / 2)
        place(at, held[(at - 1) / 2]);
    for (uint32_t child; (child = 2 * at + 1) < held_size; at = child) {
        if (child + 1 < held_size && messages[held[child + 1]].visible_at < messages[held[child]].visible_at)
            child++;
        if (messages[held[child]].visible_at >= time)
            break;
        place(at, held[child]);
    }
    place(at, number);
}

static void hold(uint32_t number, int64_t visible_at) {
    messages[number].visible_at = visible_at;
    place(held_size, number);
    sift(held_size++);
}

static void let_go(uint32_t at) {
    if (at == --held_size)
        return;
    place(at, held[held_size]);
    sift(at);
}

int64_t queue_next(void) {
    int64_t next_sent = fresh < options.submissions ? sent_at(fresh) : INT64_MAX;
    int64_t next_visible = held_size > 0 ? messages[held[0]].visible_at : INT64_MAX;
    return next_sent < next_visible ? next_sent : next_visible;
}

bool queue_take(int64_t now, int64_t hidden, uint32_t *number) {
    if (first_receive == 0)
        first_receive = now;
    if (held_size > 0 && messages[held[0]].visible_at <= now) {
        *number = held[0];
        let_go(0);
    } else if (fresh < options.submissions && sent_at(fresh) <= now) {
        *number = fresh++;
    } else {
        return false;
    }
    hold(*number, now + (hidden < 0 ? options.visibility : hidden));
    messages[*number].receives++;
    received++;
    return true;
}

// UUIDs of version 4 in form; the number stands in the last group.
static void put_uuid(char *at, uint32_t kind, uint64_t number) {
    put_hex(at, kind, 8);
    memcpy(at + 8, "-0000-4000-8000-", 16);
    put_hex(at + 24, number, 12);
}

static void fill_body(uint32_t number) {
    char head[HEAD_SIZE];
    memcpy(head, HEAD, HEAD_SIZE);
    put_uuid(head + SUBMISSION_AT, 0x5b000000, number);
    put_uuid(head + DEVICE_AT, 0xde000000, number % options.devices);
    base64_encode(head, HEAD_SIZE, body);
}

void queue_add_message(Buffer *out, uint32_t number, bool sent, bool receive_count) {
    char id[36], handle[HANDLE_SIZE], digest_text[32];
    uint8_t digest[16];
    fill_body(number);
    md5(body, body_size, digest);
    for (int i = 0; i < 16; i++)
        put_hex(digest_text + 2 * i, digest[i], 2);
    put_uuid(id, 0x3e000000, number);
    memcpy(handle, handle_prefix, sizeof handle_prefix);
    put_hex(handle + sizeof handle_prefix, number, 16);
    put_hex(handle + sizeof handle_prefix + 16, messages[number].receives, 16);
    add_string(out, "{\"MessageId\":\"");
    add(out, id, sizeof id);
    add_string(out, "\",\"ReceiptHandle\":\"");
    add(out, handle, sizeof handle);
    add_string(out, "\",\"MD5OfBody\":\"");
    add(out, digest_text, sizeof digest_text);
    add_string(out, "\",\"Body\":\"");
    add(out, body, body_size);
    add_string(out, "\"");
    long long sent_milliseconds = (sent_at(number) - epoch) / (SECOND / 1000);
    if (sent && receive_count)
        add_format(out, ",\"Attributes\":{\"SentTimestamp\":\"%lld\",\"ApproximateReceiveCount\":\"%u\"}",
                   sent_milliseconds, messages[number].receives);
    else if (sent)
        add_format(out, ",\"Attributes\":{\"SentTimestamp\":\"%lld\"}", sent_milliseconds);
    else if (receive_count)
        add_format(out, ",\"Attributes\":{\"ApproximateReceiveCount\":\"%u\"}", messages[number].receives);
    add_string(out, "}");
}

static bool find(Text handle, uint32_t *number, uint32_t *receives) {
    uint64_t first, second;
    if (handle.size != HANDLE_SIZE || memcmp(handle.at, handle_prefix, sizeof handle_prefix) != 0 ||
        !read_hex(handle.at + sizeof handle_prefix, 16, &first) ||
        !read_hex(handle.at + sizeof handle_prefix + 16, 16, &second) || first >= fresh)
        return false;
    *number = (uint32_t)first;
    *receives = (uint32_t)second;
    return true;
}

// An old handle of a message that was received again is accepted and does nothing, as SQS documents.
Settled queue_delete(Text handle, int64_t now) {
    uint32_t number, receives;
    if (!find(handle, &number, &receives))
        return NO_HANDLE;
    Message *message = &messages[number];
    if (message->deleted || message->receives != receives)
        return DONE;
    let_go(message->place);
    message->deleted = true;
    deleted_at[deleted++] = now;
    return DONE;
}

Settled queue_hide(Text handle, int64_t now, int64_t hidden) {
    uint32_t number, receives;
    if (!find(handle, &number, &receives))
        return NO_HANDLE;
    Message *message = &messages[number];
    if (message->deleted || message->receives != receives || message->visible_at <= now)
        return NOT_HELD;
    message->visible_at = now + hidden;
    sift(message->place);
    return DONE;
}

int64_t queue_deleted_at(uint32_t count) {
    return count >= 1 && count <= deleted ? deleted_at[count - 1] : 0;
}

void queue_add_deleted(Buffer *out) {
    char *at = room_for(out, options.submissions);
    for (uint32_t i = 0; i < options.submissions; i++)
        at[i] = messages[i].deleted;
    out->size += options.submissions;
}

void queue_acknowledged(uint32_t number, int64_t now) {
    if (number < options.submissions && acknowledged_at[number] == 0)
        acknowledged_at[number] = now;
}

void queue_add_ages(Buffer *out) {
    for (uint32_t i = 0; i < options.submissions; i++) {
        double age = (double)(acknowledged_at[i] - sent_at(i)) / SECOND;
        if (acknowledged_at[i] != 0)
            add(out, &age, sizeof age);
    }
}

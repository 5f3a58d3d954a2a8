#include "aws.h"
#include "queue.h"

#define MOST_ENTRIES 10

typedef struct {
    Text id, handle;
    int64_t seconds;
} Entry;

static int port;

void aws_open(int listening) {
    port = listening;
}

Reply failure(Buffer *out, int status, const char *code, const char *message) {
    add_format(out, "{\"__type\":\"%s\",\"message\":\"%s\"}", code, message);
    return (Reply){.status = status};
}

static Reply bad_request(Buffer *out, const char *message) {
    out->size = 0;
    return failure(out, 400, "com.amazonaws.sqs#InvalidParameterValue", message);
}

static Reply queue_url(Scan body, Buffer *out) {
    Text key, name = {body.end, 0};
    json_enter(&body, '{');
    while (json_key(&body, &key))
        if (is(key, "QueueName"))
            name = json_string(&body);
        else
            json_skip(&body);
    if (!is(name, "submissions"))
        return failure(out, 400, "com.amazonaws.sqs#QueueDoesNotExist", "The specified queue does not exist.");
    add_format(out, "{\"QueueUrl\":\"http://127.0.0.1:%d/000000000000/submissions\"}", port);
    return (Reply){.status = 200};
}

static Reply queue_attributes(Buffer *out) {
    QueueFacts facts = queue_facts();
    add_format(out,
               "{\"Attributes\":{\"QueueArn\":\"arn:aws:sqs:us-east-1:000000000000:submissions\","
               "\"VisibilityTimeout\":\"%lld\",\"MaximumMessageSize\":\"1048576\",\"DelaySeconds\":\"0\","
               "\"ApproximateNumberOfMessages\":\"%u\",\"ApproximateNumberOfMessagesNotVisible\":\"%u\","
               "\"ApproximateNumberOfMessagesDelayed\":\"0\"}}",
               (long long)(facts.visibility / SECOND), facts.waiting, facts.held);
    return (Reply){.status = 200};
}

static void read_wanted(Scan *body, Poll *poll) {
    json_enter(body, '[');
    while (json_item(body)) {
        Text name = json_string(body);
        poll->sent_at |= is(name, "SentTimestamp") || is(name, "All");
        poll->receive_count |= is(name, "ApproximateReceiveCount") || is(name, "All");
    }
}

static Reply receive(Scan body, Buffer *out, int64_t now) {
    Poll poll = {.most = 1, .hidden = -1};
    Text key;
    json_enter(&body, '{');
    while (json_key(&body, &key)) {
        if (is(key, "MaxNumberOfMessages"))
            poll.most = (uint32_t)json_integer(&body);
        else if (is(key, "VisibilityTimeout"))
            poll.hidden = json_integer(&body) * SECOND;
        else if (is(key, "WaitTimeSeconds"))
            poll.wait_seconds = json_integer(&body);
        else if (is(key, "MessageSystemAttributeNames") || is(key, "AttributeNames"))
            read_wanted(&body, &poll);
        else
            json_skip(&body);
    }
    if (body.bad || poll.most < 1 || poll.most > MOST_ENTRIES || poll.wait_seconds < 0 || poll.wait_seconds > 20)
        return bad_request(out, "MaxNumberOfMessages is 1 to 10, WaitTimeSeconds 0 to 20");
    bool found = sqs_poll(&poll, out, now);
    if (!found && poll.wait_seconds == 0)
        add_string(out, "{}");
    return (Reply){.status = 200, .polls = !found && poll.wait_seconds > 0, .poll = poll};
}

bool sqs_poll(const Poll *poll, Buffer *out, int64_t now) {
    uint32_t number, taken = 0;
    while (taken < poll->most && queue_take(now, poll->hidden, &number)) {
        add_string(out, taken++ == 0 ? "{\"Messages\":[" : ",");
        queue_add_message(out, number, poll->sent_at, poll->receive_count);
    }
    if (taken > 0)
        add_string(out, "]}");
    return taken > 0;
}

// The fields of an entry, or of a call for one message.
static Entry read_entry(Scan *body) {
    Entry entry = {.id = {body->end, 0}, .handle = {body->end, 0}};
    Text key;
    json_enter(body, '{');
    while (json_key(body, &key))
        if (is(key, "Id"))
            entry.id = json_string(body);
        else if (is(key, "ReceiptHandle"))
            entry.handle = json_string(body);
        else if (is(key, "VisibilityTimeout"))
            entry.seconds = json_integer(body);
        else
            json_skip(body);
    return entry;
}

static Settled settle(const Entry *entry, bool deletes, int64_t now) {
    return deletes ? queue_delete(entry->handle, now) : queue_hide(entry->handle, now, entry->seconds * SECOND);
}

static const char *const CODES[] = {[NOT_HELD] = "MessageNotInflight", [NO_HANDLE] = "ReceiptHandleIsInvalid"};

static Reply settle_one(Scan body, Buffer *out, bool deletes, int64_t now) {
    Entry entry = read_entry(&body);
    Settled settled = body.bad ? NO_HANDLE : settle(&entry, deletes, now);
    if (settled != DONE)
        return failure(out, 400, CODES[settled], "The receipt handle is not valid for this");
    add_string(out, "{}");
    return (Reply){.status = 200};
}

static int read_entries(Scan *body, Entry entries[MOST_ENTRIES + 1]) {
    int count = 0;
    Text key;
    json_enter(body, '{');
    while (json_key(body, &key)) {
        if (!is(key, "Entries")) {
            json_skip(body);
            continue;
        }
        json_enter(body, '[');
        while (json_item(body) && count <= MOST_ENTRIES)
            entries[count++] = read_entry(body);
    }
    return body->bad ? 0 : count;
}

static void add_entries(Buffer *out, const Entry *entries, const Settled *settled, int count, bool successful) {
    bool first = true;
    for (int i = 0; i < count; i++) {
        if ((settled[i] == DONE) != successful)
            continue;
        add_string(out, first ? "{\"Id\":\"" : ",{\"Id\":\"");
        add(out, entries[i].id.at, entries[i].id.size);
        if (successful)
            add_string(out, "\"}");
        else
            add_format(out, "\",\"Code\":\"%s\",\"Message\":\"no\",\"SenderFault\":true}", CODES[settled[i]]);
        first = false;
    }
}

static Reply settle_batch(Scan body, Buffer *out, bool deletes, int64_t now) {
    Entry entries[MOST_ENTRIES + 1];
    Settled settled[MOST_ENTRIES];
    int count = read_entries(&body, entries);
    if (count < 1 || count > MOST_ENTRIES)
        return bad_request(out, "A batch has 1 to 10 entries");
    for (int i = 0; i < count; i++)
        settled[i] = settle(&entries[i], deletes, now);
    add_string(out, "{\"Successful\":[");
    add_entries(out, entries, settled, count, true);
    add_string(out, "],\"Failed\":[");
    add_entries(out, entries, settled, count, false);
    add_string(out, "]}");
    return (Reply){.status = 200};
}

Reply sqs(Text operation, Scan body, Buffer *out, int64_t now) {
    if (is(operation, "ReceiveMessage"))
        return receive(body, out, now);
    if (is(operation, "DeleteMessageBatch"))
        return settle_batch(body, out, true, now);
    if (is(operation, "DeleteMessage"))
        return settle_one(body, out, true, now);
    if (is(operation, "ChangeMessageVisibilityBatch"))
        return settle_batch(body, out, false, now);
    if (is(operation, "ChangeMessageVisibility"))
        return settle_one(body, out, false, now);
    if (is(operation, "GetQueueUrl"))
        return queue_url(body, out);
    if (is(operation, "GetQueueAttributes"))
        return queue_attributes(out);
    return failure(out, 400, "com.amazon.coral.service#UnknownOperationException", "");
}

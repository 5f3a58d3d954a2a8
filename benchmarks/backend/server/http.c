#include "http.h"
#include <strings.h>

static bool header(Text line, const char *name, Text *value) {
    size_t size = strlen(name);
    if (line.size <= size || line.at[size] != ':' || strncasecmp(line.at, name, size) != 0)
        return false;
    value->at = line.at + size + 1, value->size = line.size - size - 1;
    while (value->size > 0 && *value->at == ' ')
        value->at++, value->size--;
    return true;
}

static bool read_header(Text line, Request *request) {
    Text value;
    if (header(line, "x-amz-target", &value))
        request->target = value;
    else if (header(line, "content-length", &value))
        request->body_size = strtoul(value.at, NULL, 10);
    else if (header(line, "connection", &value))
        request->closes = value.size == 5 && strncasecmp(value.at, "close", 5) == 0;
    else if (header(line, "expect", &value))
        request->wants_continue = true;
    else if (header(line, "transfer-encoding", &value))
        return false;
    return request->body_size <= MOST_BODY;
}

static Text until(Text *rest, const char *mark) {
    char *found = memmem(rest->at, rest->size, mark, strlen(mark));
    Text part = {rest->at, found ? (size_t)(found - rest->at) : rest->size};
    size_t used = part.size + (found ? strlen(mark) : 0);
    rest->at += used, rest->size -= used;
    return part;
}

bool read_request(Text head, Request *request) {
    char *end = memmem(head.at, head.size < MOST_HEAD ? head.size : MOST_HEAD, "\r\n\r\n", 4);
    if (end == NULL)
        return head.size < MOST_HEAD;
    head.size = (size_t)(end - head.at);
    *request = (Request){.target = {head.at, 0}, .head_size = head.size + 4};
    Text line = until(&head, "\r\n");
    request->method = until(&line, " "), request->path = until(&line, " ");
    while (head.size > 0)
        if (!read_header(until(&head, "\r\n"), request))
            return false;
    return true;
}

static const char *http_date(void) {
    static char text[64];
    static time_t last;
    time_t now = time(NULL);
    if (now != last)
        strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", gmtime(&now));
    last = now;
    return text;
}

void add_answer(Buffer *out, const Request *request, int status, Buffer body) {
    static uint64_t number;
    const char *reason = status == 200   ? "OK"
                         : status == 404 ? "Not Found"
                         : status == 500 ? "Internal Server Error"
                                         : "Bad Request";
    bool is_sqs = request->target.size > 0 && request->target.at[0] == 'A';
    add_format(out,
               "HTTP/1.1 %d %s\r\nx-amzn-RequestId: 00000000-0000-4000-8000-%012llx\r\nDate: %s\r\n"
               "Content-Type: application/x-amz-json-1.%c\r\nContent-Length: %zu\r\n%s\r\n",
               status, reason, (unsigned long long)number++, http_date(), is_sqs ? '0' : '1', body.size,
               request->closes ? "Connection: close\r\n" : "");
    add(out, body.at, body.size);
}

#include "server.h"
#include "aws.h"
#include "control.h"
#include "http.h"
#include "queue.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define MOST_CONNECTIONS 1024
#define READ_AT_ONCE (256 * KIB)

typedef enum { READING, POLLING, DELAYED, SENDING } State;

typedef struct Connection {
    int descriptor;
    State state;
    Buffer in, out, body;  // body: of the answer, until its size is known
    Buffer completed;      // uint32 numbers of the submissions that the answer acknowledges the last event of
    size_t sent;
    Request request;
    Poll poll;
    int64_t read_at, due;             // due: the end of a poll, or when the answer leaves
    struct Connection *before, *after;  // in `polling` or `delayed`
} Connection;

typedef struct {
    Connection *first, *last;
} List;

static List polling, delayed;  // delayed: by due
static int64_t latency;
static int64_t timer_set;  // to when the timer is set; 0 once it rang
static int epoll, listener, timer, connections;
static int input = STDIN_FILENO;

static void leave(List *list, Connection *c) {
    *(c->before ? &c->before->after : &list->first) = c->after;
    *(c->after ? &c->after->before : &list->last) = c->before;
}

// Before the first from the end that is due no later: at a constant latency that is the end itself.
static void join(List *list, Connection *c) {
    Connection *before = list->last;
    while (before != NULL && before->due > c->due)
        before = before->before;
    c->before = before;
    c->after = before ? before->after : list->first;
    *(c->before ? &c->before->after : &list->first) = c;
    *(c->after ? &c->after->before : &list->last) = c;
}

static void watch(Connection *c, int operation, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = c};
    if (epoll_ctl(epoll, operation, c->descriptor, &event) != 0)
        die("epoll_ctl");
}

static void hang_up(Connection *c) {
    if (c->state == POLLING)
        leave(&polling, c);
    if (c->state == DELAYED)
        leave(&delayed, c);
    close(c->descriptor);
    free(c->in.at), free(c->out.at), free(c->body.at), free(c->completed.at), free(c);
    connections--;
}

static void proceed(Connection *c);

static void note_completed(Connection *c, int64_t now) {
    for (size_t at = 0; at < c->completed.size; at += sizeof(uint32_t)) {
        uint32_t number;
        memcpy(&number, c->completed.at + at, sizeof number);
        queue_acknowledged(number, now);
    }
    c->completed.size = 0;
}

static void send_answer(Connection *c) {
    while (c->sent < c->out.size) {
        ssize_t sent = send(c->descriptor, c->out.at + c->sent, c->out.size - c->sent, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) {
            if (c->state != SENDING)
                watch(c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
            c->state = SENDING;
            return;
        }
        if (sent <= 0) {
            hang_up(c);
            return;
        }
        c->sent += (size_t)sent;
    }
    if (c->completed.size > 0)
        note_completed(c, monotonic());
    if (c->request.closes) {
        hang_up(c);
        return;
    }
    if (c->state == SENDING)
        watch(c, EPOLL_CTL_MOD, EPOLLIN);
    c->state = READING;
    c->out.size = c->sent = 0;
    size_t used = c->request.head_size + c->request.body_size;
    memmove(c->in.at, c->in.at + used, c->in.size - used);
    c->in.size -= used;
    c->request = (Request){0};
    proceed(c);
}

static void answer(Connection *c, int status, int64_t due, int64_t now) {
    add_answer(&c->out, &c->request, status, c->body);
    c->body.size = 0;
    c->due = due;
    if (due <= now) {
        send_answer(c);
        return;
    }
    c->state = DELAYED;
    join(&delayed, c);
}

static Reply operate(Connection *c, Scan body, int64_t now) {
    Text target = c->request.target;
    char *dot = memchr(target.at, '.', target.size);
    Text service = {target.at, dot ? (size_t)(dot - target.at) : 0};
    Text operation = {dot ? dot + 1 : target.at, dot ? target.size - service.size - 1 : 0};
    control_count(operation);
    if (is(service, "AmazonSQS"))
        return sqs(operation, body, &c->body, now);
    if (is(service, "Kinesis_20131202"))
        return kinesis(operation, body, &c->body, &c->completed, now);
    return failure(&c->body, 400, "UnknownOperationException", "");
}

static void handle(Connection *c) {
    int64_t now = c->read_at = monotonic();
    Request *request = &c->request;
    if (is(request->method, "GET")) {
        answer(c, control(request->path, &c->body), now, now);
        return;
    }
    char *begin = c->in.at + request->head_size;
    Reply reply = operate(c, (Scan){begin, begin + request->body_size, false}, now);
    if (!reply.polls) {
        answer(c, reply.status, now + latency, now);
        return;
    }
    c->state = POLLING;
    c->poll = reply.poll;
    c->due = now + latency + reply.poll.wait_seconds * SECOND;
    join(&polling, c);
}

static char *moved(char *at, const char *from, char *to) {
    return at ? to + (at - from) : NULL;
}

// Room for all of a body at once; what points into the old place follows.
static void make_room(Connection *c) {
    char *from = c->in.at;
    size_t wanted = c->request.head_size + c->request.body_size;
    room_for(&c->in, wanted > c->in.size + READ_AT_ONCE ? wanted - c->in.size : READ_AT_ONCE);
    c->request.method.at = moved(c->request.method.at, from, c->in.at);
    c->request.path.at = moved(c->request.path.at, from, c->in.at);
    c->request.target.at = moved(c->request.target.at, from, c->in.at);
}

// With what was read so far.
static void proceed(Connection *c) {
    if (c->request.head_size == 0 && c->in.size > 0) {
        if (!read_request((Text){c->in.at, c->in.size}, &c->request)) {
            hang_up(c);
            return;
        }
        bool incomplete = c->in.size < c->request.head_size + c->request.body_size;
        if (c->request.head_size > 0 && c->request.wants_continue && incomplete)
            send(c->descriptor, "HTTP/1.1 100 Continue\r\n\r\n", 25, MSG_NOSIGNAL);
    }
    if (c->request.head_size > 0 && c->in.size >= c->request.head_size + c->request.body_size)
        handle(c);
}

static void read_more(Connection *c) {
    make_room(c);
    ssize_t got = recv(c->descriptor, c->in.at + c->in.size, c->in.room - c->in.size, 0);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0 || c->in.size + (size_t)got > MOST_BODY + MOST_HEAD) {
        hang_up(c);
        return;
    }
    c->in.size += (size_t)got;
    if (c->state == READING)
        proceed(c);
}

static void accept_all(void) {
    int descriptor, yes = 1;
    while ((descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        if (connections >= MOST_CONNECTIONS) {
            close(descriptor);
            continue;
        }
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        Connection *c = grown(NULL, sizeof *c);
        *c = (Connection){.descriptor = descriptor};
        watch(c, EPOLL_CTL_ADD, EPOLLIN);
        connections++;
    }
}

static void serve_polls(int64_t now) {
    for (Connection *c = polling.first, *after; c != NULL; c = after) {
        after = c->after;
        bool found = sqs_poll(&c->poll, &c->body, now);
        if (!found && c->due > now)
            continue;
        leave(&polling, c);
        if (!found)
            add_string(&c->body, "{}");
        c->state = READING;
        answer(c, 200, c->read_at + latency > now ? c->read_at + latency : now, now);
    }
}

static void serve_delayed(int64_t now) {
    while (delayed.first != NULL && delayed.first->due <= now) {
        Connection *c = delayed.first;
        leave(&delayed, c);
        c->state = READING;
        send_answer(c);
    }
}

static int64_t earlier(int64_t one, int64_t other) {
    return one < other ? one : other;
}

static void set_timer(void) {
    int64_t next = delayed.first ? delayed.first->due : INT64_MAX;
    if (polling.first != NULL)
        next = earlier(next, earlier(polling.first->due, queue_next()));
    if (next == timer_set)
        return;
    timer_set = next;
    struct itimerspec at = {.it_value = {next / SECOND, next % SECOND}};
    if (next == INT64_MAX)
        at.it_value = (struct timespec){0};
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
}

static void forget_timer(void) {
    uint64_t rings;
    if (read(timer, &rings, sizeof rings) == sizeof rings)
        timer_set = 0;
}

static void add_watch(int descriptor, int *place) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = place};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) != 0)
        die("epoll_ctl");
}

void server_run(void) {
    struct epoll_event events[64];
    for (;;) {
        int count = epoll_wait(epoll, events, 64, -1);
        for (int i = 0; i < count; i++) {
            void *what = events[i].data.ptr;
            if (what == &listener)
                accept_all();
            else if (what == &input)
                return;
            else if (what == &timer)
                forget_timer();
            else if (((Connection *)what)->state == SENDING && events[i].events & EPOLLOUT)
                send_answer(what);
            else
                read_more(what);
        }
        int64_t now = monotonic();
        if (polling.first != NULL)
            serve_polls(now);
        serve_delayed(now);
        set_timer();
    }
}

int server_listen(int64_t given) {
    latency = given;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    epoll = epoll_create1(EPOLL_CLOEXEC);
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (epoll < 0 || timer < 0 || listener < 0 || bind(listener, (struct sockaddr *)&address, size) != 0 ||
        listen(listener, 512) != 0 || getsockname(listener, (struct sockaddr *)&address, &size) != 0)
        die("cannot listen");
    add_watch(listener, &listener);
    add_watch(timer, &timer);
    add_watch(STDIN_FILENO, &input);
    return ntohs(address.sin_port);
}

// Sends prepared requests over kept-alive connections, and tells how they were answered and how soon. Arguments are
// NAME=NUMBER; the requests come on standard input, each behind its size in four bytes. After them each line asks for a
// report of what happened since the last one, and the end of the input ends the program.
#include "../server/base.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define MOST_CONNECTIONS 1024
#define BIN (10 * SECOND / 1000000)  // 10 microseconds
#define BINS 1000000                 // to 10 seconds; the last has all that took longer
#define MOST_STATUS 1000

typedef struct Connection {
    int descriptor;
    const Text *request;  // NULL while it has nothing to do
    size_t sent;
    Buffer in;
    int64_t due;
    struct Connection *next;  // of those that have nothing to do
} Connection;

static Text *requests;
static size_t request_count, next_request;
static Connection connections[MOST_CONNECTIONS];
static Connection *first_idle, *last_idle;
static int64_t interval, next_due;  // 0: each connection sends as soon as it is answered
static uint32_t bins[BINS];
static uint64_t answers[MOST_STATUS], broken;
static int64_t reported_at, slowest;
static int epoll, timer, port;

static double argument(char **arguments, const char *name) {
    for (size_t size = strlen(name); *arguments != NULL; arguments++)
        if (strncmp(*arguments, name, size) == 0 && (*arguments)[size] == '=')
            return strtod(*arguments + size + 1, NULL);
    die(name);
}

static void read_exactly(void *to, size_t size) {
    for (size_t have = 0; have < size;) {
        ssize_t got = read(STDIN_FILENO, (char *)to + have, size - have);
        if (got <= 0)
            die("standard input is shorter than said");
        have += (size_t)got;
    }
}

static void read_requests(void) {
    requests = grown(NULL, request_count * sizeof *requests);
    for (size_t i = 0; i < request_count; i++) {
        uint32_t size;
        read_exactly(&size, sizeof size);
        requests[i] = (Text){grown(NULL, size), size};
        read_exactly(requests[i].at, size);
    }
}

static void rest(Connection *c) {
    c->request = NULL, c->next = NULL;
    *(last_idle ? &last_idle->next : &first_idle) = c;
    last_idle = c;
}

// False if nobody takes the connection: it is not tried again.
static bool connected(Connection *c) {
    int yes = 1;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
    c->descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    c->in.size = 0;
    if (connect(c->descriptor, (struct sockaddr *)&address, sizeof address) != 0) {
        close(c->descriptor);
        return false;
    }
    setsockopt(c->descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->descriptor, &event) != 0)
        die("epoll_ctl");
    return true;
}

static void send_more(Connection *c) {
    while (c->sent < c->request->size) {
        const char *at = c->request->at + c->sent;
        ssize_t sent = send(c->descriptor, at, c->request->size - c->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent <= 0)  // full, and epoll tells when it is not; or broken, and the next read tells
            return;
        c->sent += (size_t)sent;
    }
}

static void begin(Connection *c, int64_t due) {
    c->request = &requests[next_request++ % request_count];
    c->sent = 0, c->due = due;
    send_more(c);
}

static void count_answer(Connection *c, int64_t now) {
    int64_t took = now - c->due;
    int status = atoi(c->in.at + 9);
    answers[status >= 0 && status < MOST_STATUS ? status : 0]++;
    bins[took / BIN < BINS ? took / BIN : BINS - 1]++;
    if (took > slowest)
        slowest = took;
}

// The whole size of an answer; 0 as long as its head is not complete.
static size_t answer_size(Buffer in) {
    char *end = memmem(in.at, in.size, "\r\n\r\n", 4);
    if (end == NULL)
        return 0;
    for (char *line = in.at; line < end; line = (char *)memmem(line, in.size, "\r\n", 2) + 2)
        if (strncasecmp(line, "content-length:", 15) == 0)
            return (size_t)(end - in.at) + 4 + strtoul(line + 15, NULL, 10);
    die("an answer without its length");
}

static void receive(Connection *c) {
    for (;;) {
        room_for(&c->in, 64 * KIB);
        ssize_t got = recv(c->descriptor, c->in.at + c->in.size, c->in.room - c->in.size - 1, MSG_DONTWAIT);
        if (got < 0 && errno == EAGAIN)
            return;
        if (got <= 0) {
            bool was_waiting = c->request != NULL;
            broken += was_waiting;
            close(c->descriptor);
            if (connected(c) && was_waiting)
                rest(c);
            return;
        }
        c->in.size += (size_t)got;
        c->in.at[c->in.size] = '\0';
        size_t size = answer_size(c->in);
        if (c->request != NULL && size > 0 && c->in.size >= size) {
            count_answer(c, monotonic());
            c->in.size = 0;  // one answer a request: nothing follows
            rest(c);
        }
    }
}

static Connection *idle(void) {
    Connection *c = first_idle;
    first_idle = c->next;
    if (first_idle == NULL)
        last_idle = NULL;
    return c;
}

static void send_what_is_due(void) {
    int64_t now = monotonic();
    while (first_idle != NULL && (interval == 0 || next_due <= now)) {
        begin(idle(), interval ? next_due : monotonic());
        next_due += interval;
    }
    if (interval > 0 && first_idle != NULL) {
        struct itimerspec at = {.it_value = {next_due / SECOND, next_due % SECOND}};
        timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
    }
}

static double milliseconds_within(double share) {
    uint64_t all = 0, seen = 0;
    for (size_t i = 0; i < BINS; i++)
        all += bins[i];
    for (size_t i = 0; i < BINS; i++)
        if ((seen += bins[i]) >= share * (double)all && all > 0)
            return (double)(i + 1) * BIN / 1e6;
    return 0;
}

static void report(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    int64_t now = monotonic();
    double cpu = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                 (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    printf("{\"seconds\":%.6f,\"cpu_seconds\":%.6f,\"broken\":%llu,", (double)(now - reported_at) / SECOND, cpu,
           (unsigned long long)broken);
    printf("\"median_ms\":%.3f,\"p99_ms\":%.3f,\"slowest_ms\":%.3f,\"answers\":{", milliseconds_within(0.5),
           milliseconds_within(0.99), (double)slowest / 1e6);
    const char *comma = "";
    for (int status = 0; status < MOST_STATUS; status++)
        if (answers[status] > 0) {
            printf("%s\"%d\":%llu", comma, status, (unsigned long long)answers[status]);
            comma = ",";
        }
    printf("}}\n");
    fflush(stdout);
    memset(bins, 0, sizeof bins), memset(answers, 0, sizeof answers);
    broken = 0, slowest = 0, reported_at = now;
}

static void watch(int descriptor, int *place) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = place};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) != 0)
        die("epoll_ctl");
}

static void start(char **arguments) {
    double rate = argument(arguments, "rate_per_second");
    int wanted = (int)argument(arguments, "connections");
    port = (int)argument(arguments, "port");
    request_count = (size_t)argument(arguments, "requests");
    if (wanted < 1 || wanted > MOST_CONNECTIONS || request_count < 1)
        die("connections must be 1 to 1024, requests at least 1");
    read_requests();
    epoll = epoll_create1(EPOLL_CLOEXEC);
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    for (int i = 0; i < wanted; i++) {
        if (!connected(&connections[i]))
            die("nobody listens");
        rest(&connections[i]);
    }
    reported_at = next_due = monotonic();
    interval = rate > 0 ? (int64_t)(SECOND / rate) : 0;
}

int main(int count, char **arguments) {
    (void)count;
    static int input = STDIN_FILENO;
    struct epoll_event events[64];
    start(arguments);
    watch(input, &input);
    watch(timer, &timer);
    for (;;) {
        send_what_is_due();
        int ready = epoll_wait(epoll, events, 64, -1);
        for (int i = 0; i < ready; i++) {
            Connection *c = events[i].data.ptr;
            char line[64];
            uint64_t rings;
            if ((void *)c == &timer) {
                if (read(timer, &rings, sizeof rings) < 0 && errno != EAGAIN)
                    die("timer");
            } else if ((void *)c == &input) {
                if (read(input, line, sizeof line) <= 0)
                    return 0;
                report();
            } else {
                if (c->request != NULL && c->sent < c->request->size)
                    send_more(c);
                receive(c);
            }
        }
    }
}

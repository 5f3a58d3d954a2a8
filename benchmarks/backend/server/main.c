// A queue and a stream for benchmarks, in one process. All arguments are NAME=NUMBER; the tail of the documents comes
// on standard input.
#include "aws.h"
#include "queue.h"
#include "server.h"
#include "stream.h"
#include <unistd.h>

static Text read_tail(size_t size) {
    Text tail = {grown(NULL, size + 1), size};
    for (size_t have = 0; have < size;) {
        ssize_t got = read(STDIN_FILENO, tail.at + have, size - have);
        if (got <= 0)
            die("the tail of the documents is shorter than said");
        have += (size_t)got;
    }
    return tail;
}

static double number(char **arguments, const char *name) {
    for (size_t size = strlen(name); *arguments != NULL; arguments++)
        if (strncmp(*arguments, name, size) == 0 && (*arguments)[size] == '=')
            return strtod(*arguments + size + 1, NULL);
    die(name);
}

int main(int count, char **arguments) {
    (void)count;
    queue_open((QueueOptions){
        .submissions = (uint32_t)number(arguments, "submissions"),
        .devices = (uint32_t)number(arguments, "devices"),
        .rate = number(arguments, "rate_per_second"),
        .visibility = (int64_t)(number(arguments, "visibility_seconds") * SECOND),
        .tail = read_tail((size_t)number(arguments, "tail_bytes")),
    });
    stream_open((StreamOptions){
        .shards = (uint32_t)number(arguments, "shards"),
        .events = (uint32_t)number(arguments, "events"),
        .refused_share = number(arguments, "refused_share"),
        .limits = number(arguments, "shard_limits") != 0,
        .seed = (uint64_t)number(arguments, "seed"),
    });
    int port = server_listen((int64_t)(number(arguments, "latency_seconds") * SECOND));
    aws_open(port);
    printf("%d\n", port);
    fflush(stdout);
    server_run();
    return 0;
}

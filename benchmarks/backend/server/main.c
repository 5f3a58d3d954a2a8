// A queue and a stream for benchmarks, in one process. All arguments are NAME=NUMBER; the tail of the documents comes
// on standard input, and then the records to be read.
#include "aws.h"
#include "queue.h"
#include "server.h"
#include "stream.h"
#include "supply.h"
#include <unistd.h>

static Text read_input(size_t size) {
    Text text = {grown(NULL, size + 1), size};
    for (size_t have = 0; have < size;) {
        ssize_t got = read(STDIN_FILENO, text.at + have, size - have);
        if (got <= 0)
            die("standard input is shorter than said");
        have += (size_t)got;
    }
    return text;
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
        .tail = read_input((size_t)number(arguments, "tail_bytes")),
    });
    stream_open((StreamOptions){
        .shards = (uint32_t)number(arguments, "shards"),
        .events = (uint32_t)number(arguments, "events"),
        .refused_share = number(arguments, "refused_share"),
        .limits = number(arguments, "shard_limits") != 0,
        .seed = (uint64_t)number(arguments, "seed"),
    });
    supply_open((SupplyOptions){
        .lines = read_input((size_t)number(arguments, "supply_bytes")),
        .rate = number(arguments, "supply_rate"),
        .shards = stream_shards(),
        .number_at = (size_t)number(arguments, "supply_number_at"),
    });
    int port = server_listen((int64_t)(number(arguments, "latency_seconds") * SECOND));
    aws_open(port);
    printf("%d\n", port);
    fflush(stdout);
    server_run();
    return 0;
}

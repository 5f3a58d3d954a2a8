// HTTP/1.1 with keep-alive on 127.0.0.1, one thread, one epoll. Every answer leaves `latency` after its request was
// read.
#pragma once
#include <stdint.h>

int server_listen(int64_t latency);  // nanoseconds; returns the port
void server_run(void);               // until standard input ends, so never longer than the process that started it

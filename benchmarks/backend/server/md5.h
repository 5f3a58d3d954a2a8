// RFC 1321. Kinesis places a record by it, SQS signs a message's body with it.
#pragma once
#include <stddef.h>
#include <stdint.h>

void md5(const void *bytes, size_t size, uint8_t digest[16]);

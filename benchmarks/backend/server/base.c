#include "base.h"
#include <stdarg.h>

void add_format(Buffer *buffer, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *at = room_for(buffer, 1024);
    int size = vsnprintf(at, 1024, format, arguments);
    va_end(arguments);
    if (size < 0 || size >= 1024)
        die("a text of more than 1023 bytes");
    buffer->size += (size_t)size;
}

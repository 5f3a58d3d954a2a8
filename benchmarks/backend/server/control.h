// What the driver asks, beside the two services: GET /_backend/...
#pragma once
#include "base.h"

void control_count(Text operation);
int control(Text path, Buffer *out);  // an HTTP status

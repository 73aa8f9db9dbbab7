// The one place that reads the time.  Cores are handed `now_ms`; they never ask.
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

int64_t clock_ms(void);      // monotonic, from an arbitrary start
double clock_seconds(void);  // the same clock, in seconds
void clock_sleep_us(long us);

#endif

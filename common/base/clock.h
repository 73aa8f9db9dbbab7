// The one place that reads the time.  Cores are handed `now_ms`; they never ask.
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

int64_t clock_ms(void);     // monotonic, from an arbitrary start
double clock_seconds(void); // the same clock, in seconds
void clock_sleep_us(long us);
// A number that no other start of this or another process has had: the time of day in
// ns, stirred with the process's id.
uint64_t clock_incarnation(void);

#endif

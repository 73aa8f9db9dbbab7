// A stop on request: SIGUSR2 or SIGTERM asks the process to end the step under way,
// store it and leave with EXIT_AGAIN.  State of the process, like signals themselves.
#ifndef LAUNCH_SIGNALS_H
#define LAUNCH_SIGNALS_H

// EX_TEMPFAIL of BSD's sysexits.h: the same command goes on from the checkpoint.
enum { EXIT_AGAIN = 75 };

// From now on both signals only set a flag, however often they come.
void signals_catch(void);
// From now on both are ignored, by programs started later too: for a rank that the
// leading one tells to stop.
void signals_ignore(void);

int signals_asked(void); // 1 once either has come
void signals_obey(void); // the command ends early for it
int signals_obeyed(void);

#endif

// A thread pool for loops.  par_for cuts [0, n) into tasks that any thread may take, so
// a task must write only what is its own; results must not depend on who ran it.
//
// One pool per process.  par_for is called from one thread at a time (the main one);
// a call from inside a task runs the loop in place.
#ifndef BASE_PAR_H
#define BASE_PAR_H

#include "status.h"

typedef void par_task(void *context, int index, int thread);

// Starts threads - 1 helpers; 1 means none.  `spin_us`: how long an idle helper polls
// before it sleeps (0 where processes share cores).  ERR_IO, ERR_INPUT, ERR_NOMEM;
// ERR_INTERNAL where the pool runs already.
CHECKED enum status par_start(int threads, long spin_us);
void par_stop(void);
int par_threads(void); // 1 before par_start

// Calls task(context, index, thread) once for each index in [0, n), thread in
// [0, par_threads()); returns when all are done.
void par_for(int n, par_task *task, void *context);

#endif

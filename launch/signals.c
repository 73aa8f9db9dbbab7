#include "launch/signals.h"

#include <signal.h>
#include <stdatomic.h>

static atomic_int asked; // set in the handler, which may run on any thread
static int obeyed;       // of the main thread

static void note(int signal_number)
{
    (void)signal_number;
    atomic_store(&asked, 1);
}

static void set_both(void (*handler)(int))
{
    // SA_RESTART: no read or write of the run is cut short.
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGUSR2, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

void signals_catch(void)
{
    set_both(note);
}

void signals_ignore(void)
{
    set_both(SIG_IGN);
}

int signals_asked(void)
{
    return atomic_load(&asked);
}

void signals_obey(void)
{
    obeyed = 1;
}

int signals_obeyed(void)
{
    return obeyed;
}

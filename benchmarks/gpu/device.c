// Which GPU there is and what it can do: the figures that the other benchmarks are held
// to.  Fails in one line where there is none.
#include "machine.h"

int main(int argc, char **argv)
{
    const char *shapes[2];
    struct machine m;
    int small = 0;
    (void)machine_shapes(shapes, argc, argv, &small);
    machine_open(&m, small);
    machine_close(&m);
    return 0;
}

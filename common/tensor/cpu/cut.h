// How loops are cut into tasks: by the shape alone.
#ifndef TENSOR_CPU_CUT_H
#define TENSOR_CPU_CUT_H

enum { TASK_ELEMENTS = 16384 };

static inline int min_int(int a, int b)
{
    return a < b ? a : b;
}

static inline int ceil_div(int a, int b)
{
    return (a + b - 1) / b;
}

// Rows of `width` elements that make one task.
static inline int rows_a_task(int width)
{
    return width < TASK_ELEMENTS ? TASK_ELEMENTS / width : 1;
}

#endif

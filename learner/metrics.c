#include "metrics.h"

#include <math.h>

double metrics_pass_at_k(int64_t n, int64_t c, int64_t k)
{
    double all_wrong = 1.0;
    if (n - c < k)
        return 1.0;
    for (int64_t i = n - c + 1; i <= n; i++)
        all_wrong *= 1.0 - (double)k / (double)i;
    return 1.0 - all_wrong;
}

struct metrics_mean metrics_mean(const double *per_problem, size_t n)
{
    double sum = 0.0, square = 0.0, count = (double)n;
    if (n == 0)
        return (struct metrics_mean){(double)NAN, (double)NAN};
    for (size_t i = 0; i < n; i++)
        sum += per_problem[i];
    for (size_t i = 0; i < n; i++)
        square += (per_problem[i] - sum / count) * (per_problem[i] - sum / count);
    double variance = n > 1 ? square / (count - 1.0) : 0.0;
    return (struct metrics_mean){sum / count, 1.96 * sqrt(variance / count)};
}

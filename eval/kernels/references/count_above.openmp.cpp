#include <omp.h>

#include <vector>

extern "C" long count_above(int n, const int *x, int limit) {
    std::vector<long> counts(omp_get_max_threads(), 0);
#pragma omp parallel
    {
        long mine = 0;
#pragma omp for schedule(static)
        for (int i = 0; i < n; i++) mine += x[i] > limit ? 1 : 0;
        counts[omp_get_thread_num()] = mine;
    }
    long total = 0;
    for (long count : counts) total += count;
    return total;
}

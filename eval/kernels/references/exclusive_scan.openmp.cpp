#include <omp.h>

#include <numeric>
#include <vector>

extern "C" long exclusive_scan(int n, const int *counts, long *offsets) {
    std::vector<long> sums(omp_get_max_threads() + 1, 0L);
#pragma omp parallel
    {
        const int thread = omp_get_thread_num();
        long sum = 0;
#pragma omp for schedule(static)
        for (int i = 0; i < n; i++) {
            offsets[i] = sum;
            sum += counts[i];
        }
        sums[thread + 1] = sum;
#pragma omp barrier
#pragma omp single
        std::partial_sum(sums.begin(), sums.end(), sums.begin());
        /* The same static schedule gives every thread its own part again. */
#pragma omp for schedule(static)
        for (int i = 0; i < n; i++) offsets[i] += sums[thread];
    }
    return sums.back();
}

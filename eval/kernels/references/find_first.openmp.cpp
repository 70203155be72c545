#include <omp.h>

#include <algorithm>

// Blocks are searched in order, each by all threads, so that what lies behind the block of the first hit is never read.
extern "C" int find_first(int n, const float *x, float threshold) {
    constexpr int block = 1 << 14;
    for (int start = 0; start < n; start += std::min(block, n - start)) {
        const int stop = start + std::min(block, n - start);
        int first = stop;
#pragma omp parallel reduction(min : first)
        {
            const int threads = omp_get_num_threads(), me = omp_get_thread_num();
            const int lo = start + static_cast<int>(static_cast<long>(stop - start) * me / threads);
            const int hi = start + static_cast<int>(static_cast<long>(stop - start) * (me + 1) / threads);
            for (int i = lo; i < hi; ++i) {
                if (x[i] > threshold) {
                    first = i;
                    break;
                }
            }
        }
        if (first < stop) return first;
    }
    return -1;
}

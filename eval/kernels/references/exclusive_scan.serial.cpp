#include <numeric>

extern "C" long exclusive_scan(int n, const int *counts, long *offsets) {
    if (n == 0) return 0;
    std::exclusive_scan(counts, counts + n, offsets, 0L);
    return offsets[n - 1] + counts[n - 1];
}

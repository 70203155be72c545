#include <algorithm>

extern "C" void weighted_histogram(int n, const double *x, const double *weight, int bins, double low, double high, double *sums,
                                   long *counts) {
    std::fill(sums, sums + bins, 0.0);
    std::fill(counts, counts + bins, 0L);
    const double width = (high - low) / bins;
#pragma omp parallel for schedule(static)
    for (int i = 0; i < n; i++) {
        if (x[i] < low || x[i] > high) continue;
        const int b = std::min(static_cast<int>((x[i] - low) / width), bins - 1);
#pragma omp atomic
        sums[b] += weight[i];
#pragma omp atomic
        counts[b]++;
    }
}

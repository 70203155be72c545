#include <algorithm>

extern "C" void weighted_histogram(int n, const double *x, const double *weight, int bins, double low, double high, double *sums,
                                   long *counts) {
    std::fill_n(sums, bins, 0.0);
    std::fill_n(counts, bins, 0L);
    for (int i = 0; i < n; ++i) {
        if (!(low <= x[i] && x[i] <= high)) continue;
        const int bin = std::min(static_cast<int>((x[i] - low) / (high - low) * bins), bins - 1);
        sums[bin] += weight[i];
        counts[bin] += 1;
    }
}

#include <vector>

extern "C" void histogram(int n, const int *x, int bins, int *counts) {
    for (int b = 0; b < bins; ++b) counts[b] = 0;
#pragma omp parallel
    {
        std::vector<int> own(bins, 0);
#pragma omp for nowait
        for (int i = 0; i < n; ++i) {
            const int value = x[i];
            if (0 <= value && value < bins) ++own[value];
        }
#pragma omp critical(histogram_merge)
        for (int b = 0; b < bins; ++b) counts[b] += own[b];
    }
}

#include <algorithm>

extern "C" void histogram(int n, const int *x, int bins, int *counts) {
    std::fill_n(counts, bins, 0);
#pragma acc parallel loop copyin(x[:n]) copy(counts[:bins])
    for (int i = 0; i < n; ++i) {
        if (x[i] >= 0 && x[i] < bins) {
#pragma acc atomic
            counts[x[i]]++;
        }
    }
}

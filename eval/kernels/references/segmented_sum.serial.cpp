#include <numeric>

extern "C" void segmented_sum(int n, const int *offsets, const float *x, float *sums) {
    for (int s = 0; s < n; ++s) sums[s] = std::accumulate(x + offsets[s], x + offsets[s + 1], 0.0f);
}

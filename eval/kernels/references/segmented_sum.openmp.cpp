#include <numeric>

namespace {

float sum_of(const float *begin, const float *end) { return std::accumulate(begin, end, 0.0f); }

}  // namespace

extern "C" void segmented_sum(int n, const int *offsets, const float *x, float *sums) {
#pragma omp parallel
#pragma omp for schedule(guided)
    for (int s = 0; s < n; ++s) sums[s] = sum_of(x + offsets[s], x + offsets[s + 1]);
}

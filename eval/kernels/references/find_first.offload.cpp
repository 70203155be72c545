#include <algorithm>

extern "C" int find_first(int n, const float *x, float threshold) {
    int first = n;
#pragma omp target teams distribute parallel for reduction(min : first) map(to : x[:n]) map(tofrom : first)
    for (int i = 0; i < n; ++i) first = std::min(first, x[i] > threshold ? i : n);
    return first == n ? -1 : first;
}

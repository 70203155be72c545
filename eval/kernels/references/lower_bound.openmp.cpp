#include <algorithm>

extern "C" void lower_bound(int n, const long *sorted, int m, const long *keys, int *position) {
    const long *const end = sorted + n;
#pragma omp parallel for schedule(guided)
    for (int j = 0; j < m; ++j) position[j] = static_cast<int>(std::lower_bound(sorted, end, keys[j]) - sorted);
}

#include <algorithm>

extern "C" long triangle_count(int n, const int *row_ptr, const int *col) {
    long count = 0;
#pragma omp parallel for schedule(guided) reduction(+ : count)
    for (int u = 0; u < n; ++u) {
        const int *const end = col + row_ptr[u + 1];
        for (const int *v = std::upper_bound(col + row_ptr[u], end, u); v != end; ++v)
            for (const int *w = v + 1; w != end; ++w)
                if (std::binary_search(col + row_ptr[*v], col + row_ptr[*v + 1], *w)) ++count;
    }
    return count;
}

#include <omp.h>

#include <algorithm>

namespace {

/* How many of the first k elements of the merged array come from a (the merge path's crossing of diagonal k). */
int co_rank(int k, int m, int n, const double *a, const double *b) {
    int lo = std::max(0, k - n), hi = std::min(k, m);
    while (lo < hi) {
        const int i = (lo + hi) / 2;
        if (a[i] <= b[k - i - 1])
            lo = i + 1;
        else
            hi = i;
    }
    return lo;
}

}  // namespace

extern "C" void merge_sorted(int m, int n, const double *a, const double *b, double *c, int *source) {
    const int pieces = 4 * omp_get_max_threads();
    const long long total = static_cast<long long>(m) + n;
#pragma omp parallel for schedule(dynamic, 1)
    for (int p = 0; p < pieces; ++p) {
        const int begin = static_cast<int>(total * p / pieces), end = static_cast<int>(total * (p + 1) / pieces);
        int i = co_rank(begin, m, n, a, b), j = begin - i;
        for (int k = begin; k < end; ++k) {
            const bool left = j >= n || (i < m && !(b[j] < a[i]));
            source[k] = left ? i : m + j;
            c[k] = left ? a[i++] : b[j++];
        }
    }
}

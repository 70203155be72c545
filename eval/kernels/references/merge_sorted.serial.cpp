#include <algorithm>
#include <numeric>

extern "C" void merge_sorted(int m, int n, const double *a, const double *b, double *c, int *source) {
    const auto value = [=](int k) { return k < m ? a[k] : b[k - m]; };
    std::iota(source, source + m + n, 0);
    std::inplace_merge(source, source + m, source + m + n, [&](int left, int right) { return value(left) < value(right); });
    std::transform(source, source + m + n, c, value);
}

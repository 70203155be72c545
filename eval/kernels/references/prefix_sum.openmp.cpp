#include <omp.h>

#include <algorithm>
#include <numeric>
#include <vector>

extern "C" void prefix_sum(int n, const double *x, double *y) {
    const int parts = std::max(1, std::min(omp_get_max_threads(), n));
    const int length = (n + parts - 1) / parts;
    const auto bound = [=](int part) { return std::min(n, part * length); };

#pragma omp parallel for
    for (int part = 0; part < parts; ++part) std::partial_sum(x + bound(part), x + bound(part + 1), y + bound(part));

    /* Sums of all parts before each one. */
    std::vector<double> offset(parts, 0.0);
    for (int part = 1; part < parts; ++part)
        offset[part] = offset[part - 1] + (bound(part) > bound(part - 1) ? y[bound(part) - 1] : 0.0);

#pragma omp parallel for
    for (int part = 1; part < parts; ++part)
        for (int i = bound(part); i < bound(part + 1); ++i) y[i] += offset[part];
}

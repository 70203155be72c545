#include <cstddef>
#include <vector>

extern "C" void tridiagonal(int systems, int n, const double *lower, const double *diagonal, const double *upper, const double *rhs, double *x) {
    const std::size_t count = static_cast<std::size_t>(systems) * n;
    std::vector<double> scratch(count);
    double *pivot = scratch.data();
#pragma omp target teams distribute parallel for map(to : lower[:count], diagonal[:count], upper[:count], rhs[:count]) map(from : x[:count]) map(alloc : pivot[:count])
    for (int s = 0; s < systems; ++s) {
        const std::size_t first = static_cast<std::size_t>(s) * n, last = first + n - 1;
        pivot[first] = diagonal[first];
        x[first] = rhs[first];
        for (std::size_t i = first + 1; i <= last; ++i) {
            const double w = lower[i] / pivot[i - 1];
            pivot[i] = diagonal[i] - w * upper[i - 1];
            x[i] = rhs[i] - w * x[i - 1];
        }
        x[last] /= pivot[last];
        for (std::size_t i = last; i-- > first;) x[i] = (x[i] - upper[i] * x[i + 1]) / pivot[i];
    }
}

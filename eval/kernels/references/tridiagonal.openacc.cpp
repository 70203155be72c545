#include <cstddef>
#include <vector>

namespace {

#pragma acc routine seq
void thomas(int n, const double *a, const double *b, const double *c, const double *d, double *x, double *g) {
    double pivot = b[0];
    x[0] = d[0] / pivot;
    for (int i = 1; i < n; ++i) {
        g[i] = c[i - 1] / pivot;
        pivot = b[i] - a[i] * g[i];
        x[i] = (d[i] - a[i] * x[i - 1]) / pivot;
    }
    for (int i = n - 1; i > 0; --i) x[i - 1] -= g[i] * x[i];
}

}  // namespace

extern "C" void tridiagonal(int systems, int n, const double *lower, const double *diagonal, const double *upper, const double *rhs, double *x) {
    const std::size_t size = static_cast<std::size_t>(systems) * n;
    std::vector<double> buffer(size);
    double *g = buffer.data();
#pragma acc parallel loop copyin(lower[0 : size], diagonal[0 : size], upper[0 : size], rhs[0 : size]) copyout(x[0 : size]) create(g[0 : size])
    for (int s = 0; s < systems; ++s) {
        const std::size_t at = static_cast<std::size_t>(s) * n;
        thomas(n, lower + at, diagonal + at, upper + at, rhs + at, x + at, g + at);
    }
}

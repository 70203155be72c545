#include <vector>

namespace {

struct System {
    const double *lower, *diagonal, *upper, *rhs;
    double *x;
    int n;

    void solve() const {
        std::vector<double> pivot(n);
        pivot[0] = diagonal[0];
        x[0] = rhs[0];
        for (int i = 1; i < n; ++i) {
            const double w = lower[i] / pivot[i - 1];
            pivot[i] = diagonal[i] - w * upper[i - 1];
            x[i] = rhs[i] - w * x[i - 1];
        }
        x[n - 1] /= pivot[n - 1];
        for (int i = n - 2; i >= 0; --i) x[i] = (x[i] - upper[i] * x[i + 1]) / pivot[i];
    }
};

}  // namespace

extern "C" void tridiagonal(int systems, int n, const double *lower, const double *diagonal, const double *upper, const double *rhs, double *x) {
#pragma omp parallel for schedule(dynamic)
    for (int s = 0; s < systems; ++s) {
        const long at = static_cast<long>(s) * n;
        System{lower + at, diagonal + at, upper + at, rhs + at, x + at, n}.solve();
    }
}

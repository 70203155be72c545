#include <vector>

extern "C" void tridiagonal(int systems, int n, const double *lower, const double *diagonal, const double *upper, const double *rhs, double *x) {
    std::vector<double> pivot(n), value(n);
    for (int s = 0; s < systems; ++s) {
        const long first = static_cast<long>(s) * n, last = first + n - 1;
        pivot[0] = diagonal[first];
        value[0] = rhs[first];
        for (int i = 1; i < n; ++i) {
            const double factor = lower[first + i] / pivot[i - 1];
            pivot[i] = diagonal[first + i] - factor * upper[first + i - 1];
            value[i] = rhs[first + i] - factor * value[i - 1];
        }
        x[last] = value[n - 1] / pivot[n - 1];
        for (int i = n - 2; i >= 0; --i) x[first + i] = (value[i] - upper[first + i] * x[first + i + 1]) / pivot[i];
    }
}

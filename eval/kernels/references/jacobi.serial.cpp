#include <cstddef>
#include <vector>

extern "C" void jacobi(int n, int iterations, const double *b, double *u) {
    std::vector<double> next(static_cast<size_t>(n) * n);
    for (int sweep = 0; sweep < iterations; sweep++) {
        for (int i = 1; i < n - 1; i++)
            for (int j = 1; j < n - 1; j++) {
                const size_t at = static_cast<size_t>(i) * n + j;
                next[at] = (u[at - n] + u[at + n] + u[at - 1] + u[at + 1] + b[at]) / 4.0;
            }
        for (int i = 1; i < n - 1; i++)
            for (int j = 1; j < n - 1; j++) u[static_cast<size_t>(i) * n + j] = next[static_cast<size_t>(i) * n + j];
    }
}

#include <cstddef>

extern "C" void transpose(int m, int n, const float *A, float *B) {
#pragma omp parallel for
    for (int j = 0; j < n; ++j) {
        float *row = B + static_cast<std::size_t>(j) * m;
        for (int i = 0; i < m; ++i) row[i] = A[static_cast<std::size_t>(i) * n + j];
    }
}

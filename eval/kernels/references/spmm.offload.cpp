#include <cstddef>

extern "C" void spmm(int m, int n, int k, const int *row_ptr, const int *col, const float *val, const float *X, float *Y) {
    const int entries = row_ptr[m];
    const std::size_t x_size = static_cast<std::size_t>(n) * k, y_size = static_cast<std::size_t>(m) * k;
#pragma omp target teams distribute map(to : row_ptr[:m + 1], col[:entries], val[:entries], X[:x_size]) map(from : Y[:y_size])
    for (int i = 0; i < m; ++i) {
        float *const y = Y + static_cast<std::size_t>(i) * k;
#pragma omp parallel for
        for (int c = 0; c < k; ++c) {
            float sum = 0.0f;
            for (int e = row_ptr[i]; e < row_ptr[i + 1]; ++e) sum += val[e] * X[static_cast<std::size_t>(col[e]) * k + c];
            y[c] = sum;
        }
    }
}

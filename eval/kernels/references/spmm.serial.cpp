#include <cstddef>

extern "C" void spmm(int m, int /*n*/, int k, const int *row_ptr, const int *col, const float *val, const float *X, float *Y) {
    for (int i = 0; i < m; ++i) {
        for (int c = 0; c < k; ++c) {
            double sum = 0.0;
            for (int e = row_ptr[i]; e < row_ptr[i + 1]; ++e) sum += double{val[e]} * X[static_cast<std::size_t>(col[e]) * k + c];
            Y[static_cast<std::size_t>(i) * k + c] = static_cast<float>(sum);
        }
    }
}

#include <cstddef>

extern "C" void spmm(int m, int, int k, const int *row_ptr, const int *col, const float *val, const float *X, float *Y) {
    const auto at = [k](int row, int column) { return static_cast<std::size_t>(row) * k + column; };
#pragma omp parallel for collapse(2)
    for (int i = 0; i < m; ++i) {
        for (int c = 0; c < k; ++c) {
            float sum = 0.0f;
            for (int e = row_ptr[i]; e < row_ptr[i + 1]; ++e) sum += val[e] * X[at(col[e], c)];
            Y[at(i, c)] = sum;
        }
    }
}

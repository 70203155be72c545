#include <cstddef>

extern "C" void spmm(int m, int n, int k, const int *row_ptr, const int *col, const float *val, const float *X, float *Y) {
    if (m == 0 || k == 0) return;
    const int entries = row_ptr[m];
    const std::size_t in = static_cast<std::size_t>(n) * k, out = static_cast<std::size_t>(m) * k;
#pragma acc parallel loop collapse(2) copyin(row_ptr[0 : m + 1], col[0 : entries], val[0 : entries], X[0 : in]) copyout(Y[0 : out])
    for (int i = 0; i < m; ++i)
        for (int c = 0; c < k; ++c) {
            double sum = 0.0;
#pragma acc loop seq
            for (int e = row_ptr[i]; e < row_ptr[i + 1]; ++e) sum += double(val[e]) * double(X[static_cast<std::size_t>(col[e]) * k + c]);
            Y[static_cast<std::size_t>(i) * k + c] = static_cast<float>(sum);
        }
}

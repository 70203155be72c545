#include <algorithm>
#include <cstddef>

namespace {
constexpr int tile = 32;
}

extern "C" void transpose(int m, int n, const float *A, float *B) {
    for (int ii = 0; ii < m; ii += tile)
        for (int jj = 0; jj < n; jj += tile) {
            const int i_end = std::min(ii + tile, m), j_end = std::min(jj + tile, n);
            for (int i = ii; i < i_end; ++i)
                for (int j = jj; j < j_end; ++j) B[static_cast<std::size_t>(j) * m + i] = A[static_cast<std::size_t>(i) * n + j];
        }
}

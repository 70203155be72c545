#include <cstddef>

extern "C" void transpose(int m, int n, const float *A, float *B) {
    const std::size_t size = static_cast<std::size_t>(m) * n;
    constexpr int tile = 16;
    const int row_tiles = (m + tile - 1) / tile, column_tiles = (n + tile - 1) / tile;
#pragma omp target teams distribute collapse(2) map(to : A[:size]) map(from : B[:size])
    for (int bi = 0; bi < row_tiles; ++bi)
        for (int bj = 0; bj < column_tiles; ++bj) {
#pragma omp parallel for collapse(2)
            for (int i = bi * tile; i < (bi + 1) * tile; ++i)
                for (int j = bj * tile; j < (bj + 1) * tile; ++j)
                    if (i < m && j < n) B[static_cast<std::size_t>(j) * m + i] = A[static_cast<std::size_t>(i) * n + j];
        }
}

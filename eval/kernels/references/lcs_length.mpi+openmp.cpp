#include <mpi.h>
#include <omp.h>
#include <algorithm>
#include <vector>

// Tiles of one antidiagonal are shared out between all threads of all ranks, and what lies between tiles is then exchanged.
extern "C" int lcs_length(int m, int n, const char *a, const char *b) {
    constexpr int tile = 64;
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int tile_rows = (m + tile - 1) / tile, tile_columns = (n + tile - 1) / tile;
    // The last cells made in every column and every row, and the cell before the next tile on every diagonal of tiles.
    std::vector<int> border(static_cast<size_t>(n) + m + tile_rows + tile_columns, 0);
    int *const north = border.data(), *const west = north + n, *const corner = west + m + tile_columns;
    for (int d = 0; d < tile_rows + tile_columns - 1; ++d) {
#pragma omp parallel for schedule(dynamic, 1)
        for (int r = std::max(0, d - tile_columns + 1); r <= std::min(d, tile_rows - 1); ++r) {
            if (r % ranks != rank) continue;
            const int c = d - r, i_end = std::min(m, (r + 1) * tile), j_end = std::min(n, (c + 1) * tile);
            int start = corner[r - c];
            for (int i = r * tile; i < i_end; ++i) {
                int diagonal = start, left = west[i];
                start = left;
                for (int j = c * tile; j < j_end; ++j) {
                    const int above = north[j];
                    left = a[i] == b[j] ? diagonal + 1 : std::max(above, left);
                    north[j] = left;
                    diagonal = above;
                }
                west[i] = left;
            }
            corner[r - c] = west[i_end - 1];
        }
        // Cells never get smaller, so the newest ones are the greatest.
        MPI_Allreduce(MPI_IN_PLACE, border.data(), static_cast<int>(border.size()), MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    }
    return m > 0 && n > 0 ? north[n - 1] : 0;
}

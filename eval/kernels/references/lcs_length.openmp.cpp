#include <algorithm>
#include <vector>

namespace {

constexpr int tile = 64;

}  // namespace

// Tiles of one antidiagonal of tiles are independent. Between tiles only the borders of the table are kept:
// every tile-th row and every tile-th column, each with a zero in front.
extern "C" int lcs_length(int m, int n, const char *a, const char *b) {
    const int tile_rows = (m + tile - 1) / tile, tile_columns = (n + tile - 1) / tile;
    std::vector<std::vector<int>> row(tile_rows + 1, std::vector<int>(n + 1, 0));
    std::vector<std::vector<int>> column(tile_columns + 1, std::vector<int>(m + 1, 0));
    for (int d = 0; d < tile_rows + tile_columns - 1; ++d) {
#pragma omp parallel for schedule(dynamic, 1)
        for (int r = std::max(0, d - tile_columns + 1); r <= std::min(d, tile_rows - 1); ++r) {
            const int c = d - r, i_first = r * tile, j_first = c * tile;
            const int i_last = std::min(m, i_first + tile), width = std::min(n - j_first, tile);
            int line[tile + 1];
            std::copy_n(&row[r][j_first], width + 1, line);
            for (int i = i_first + 1; i <= i_last; ++i) {
                int diagonal = line[0];
                line[0] = column[c][i];
                for (int j = 1; j <= width; ++j) {
                    const int above = line[j];
                    line[j] = a[i - 1] == b[j_first + j - 1] ? diagonal + 1 : std::max(above, line[j - 1]);
                    diagonal = above;
                }
                column[c + 1][i] = line[width];
            }
            std::copy_n(line + 1, width, &row[r + 1][j_first + 1]);
        }
    }
    return row[tile_rows][n];
}

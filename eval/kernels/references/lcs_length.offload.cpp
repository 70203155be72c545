#include <algorithm>
#include <vector>

// By antidiagonals of tiles. The rows above all tiles and the columns beside them are kept, each with a zero in front.
extern "C" int lcs_length(int m, int n, const char *a, const char *b) {
    constexpr int tile = 48;
    const int tile_rows = (m + tile - 1) / tile, tile_columns = (n + tile - 1) / tile;
    const int row_pitch = n + 1, column_pitch = m + 1;
    const int rows_size = (tile_rows + 1) * row_pitch, columns_size = (tile_columns + 1) * column_pitch;
    std::vector<int> row_buffer(rows_size, 0), column_buffer(columns_size, 0);
    int *rows = row_buffer.data(), *columns = column_buffer.data();
#pragma omp target data map(to : a[:m], b[:n], columns[:columns_size]) map(tofrom : rows[:rows_size])
    for (int d = 0; d < tile_rows + tile_columns - 1; ++d) {
        const int first = std::max(0, d - tile_columns + 1), last = std::min(d, tile_rows - 1);
#pragma omp target teams distribute parallel for
        for (int r = first; r <= last; ++r) {
            const int c = d - r, i_end = std::min(m, (r + 1) * tile), j_begin = c * tile, width = std::min(tile, n - j_begin);
            int line[tile + 1];
            for (int j = 0; j <= width; ++j) line[j] = rows[r * row_pitch + j_begin + j];
            for (int i = r * tile + 1; i <= i_end; ++i) {
                int diagonal = line[0];
                line[0] = columns[c * column_pitch + i];
                for (int j = 1; j <= width; ++j) {
                    const int above = line[j];
                    line[j] = a[i - 1] == b[j_begin + j - 1] ? diagonal + 1 : (above > line[j - 1] ? above : line[j - 1]);
                    diagonal = above;
                }
                columns[(c + 1) * column_pitch + i] = line[width];
            }
            for (int j = 1; j <= width; ++j) rows[(r + 1) * row_pitch + j_begin + j] = line[j];
        }
    }
    return rows[rows_size - 1];
}

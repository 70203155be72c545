#include <stdlib.h>

enum { TILE = 32 };

static int smaller(int x, int y) { return x < y ? x : y; }

/* `row` holds the cells above the tile and receives its last row, `column` those beside it and its last column. */
static int fill(int m, int n, const char *a, const char *b, int corner, int *row, int *column) {
    for (int i = 0; i < m; i++) {
        int diagonal = corner, left = column[i];
        corner = left;
        for (int j = 0; j < n; j++) {
            const int above = row[j];
            if (a[i] == b[j])
                left = diagonal + 1;
            else if (above > left)
                left = above;
            row[j] = left;
            diagonal = above;
        }
        column[i] = left;
    }
    return column[m - 1];
}

/* One task for each tile, which waits for the tiles above and beside it. last[r][c] is the last cell of the tile before (r, c) on its diagonal. */
int lcs_length(int m, int n, const char *a, const char *b) {
    if (m == 0 || n == 0) return 0;
    const int tile_rows = (m + TILE - 1) / TILE, tile_columns = (n + TILE - 1) / TILE, pitch = tile_columns + 1;
    int *row = calloc(n, sizeof(int)), *column = calloc(m, sizeof(int)), *last = calloc((size_t)(tile_rows + 1) * pitch, sizeof(int));
#pragma omp parallel
#pragma omp single
    for (int r = 0; r < tile_rows; r++)
        for (int c = 0; c < tile_columns; c++) {
            int *corner = last + (size_t)r * pitch + c;
#pragma omp task firstprivate(r, c, corner) depend(in : corner[1], corner[pitch]) depend(out : corner[pitch + 1])
            corner[pitch + 1] = fill(smaller(TILE, m - r * TILE), smaller(TILE, n - c * TILE), a + r * TILE, b + c * TILE, corner[0], row + c * TILE, column + r * TILE);
        }
    const int length = row[n - 1];
    free(last);
    free(column);
    free(row);
    return length;
}

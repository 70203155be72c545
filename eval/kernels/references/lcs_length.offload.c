#include <stdlib.h>

#define TILE 64

/* Tiles of an antidiagonal are independent. What lies between them is kept: `below[j]` is the last cell that was made in
 * column j, `beside[i]` in row i, and `corner[k]` the cell up and left of the tile on diagonal k. */
int lcs_length(int m, int n, const char *a, const char *b) {
    if (m == 0 || n == 0) return 0;
    const int tile_rows = (m + TILE - 1) / TILE, tile_columns = (n + TILE - 1) / TILE, diagonals = tile_rows + tile_columns;
    int *below = calloc(n, sizeof(int)), *beside = calloc(m, sizeof(int)), *corner = calloc(diagonals, sizeof(int));
#pragma omp target data map(to : a[0 : m], b[0 : n], beside[0 : m], corner[0 : diagonals]) map(tofrom : below[0 : n])
    for (int d = 0; d < diagonals - 1; d++) {
        const int first = d < tile_columns ? 0 : d - tile_columns + 1, last = d < tile_rows ? d : tile_rows - 1;
#pragma omp target teams distribute parallel for
        for (int r = first; r <= last; r++) {
            const int c = d - r, k = r - c + tile_columns - 1;
            const int i_end = (r + 1) * TILE < m ? (r + 1) * TILE : m, j_end = (c + 1) * TILE < n ? (c + 1) * TILE : n;
            int start = corner[k];
            for (int i = r * TILE; i < i_end; i++) {
                int diagonal = start, left = beside[i];
                start = left;
                for (int j = c * TILE; j < j_end; j++) {
                    const int above = below[j];
                    if (a[i] == b[j])
                        left = diagonal + 1;
                    else if (above > left)
                        left = above;
                    below[j] = left;
                    diagonal = above;
                }
                beside[i] = left;
            }
            corner[k] = beside[i_end - 1];
        }
    }
    const int length = below[n - 1];
    free(corner);
    free(beside);
    free(below);
    return length;
}

#include <mpi.h>
#include <omp.h>
#include <stdlib.h>

#define ROWS 64
#define TILES 4
#define PARTS 4

/* Fills a tile of the table. `north` holds the row above it and receives its last row, `west` the same for columns. */
static void fill(int rows, const char *a, int columns, const char *b, int corner, int *north, int *west) {
    for (int i = 0; i < rows; i++) {
        int diagonal = corner, left = west[i];
        corner = left;
        for (int j = 0; j < columns; j++) {
            const int above = north[j];
            if (a[i] == b[j])
                left = diagonal + 1;
            else if (above > left)
                left = above;
            diagonal = above;
            north[j] = left;
        }
        west[i] = left;
    }
}

/* Ranks have blocks of columns, through which chunks of rows pass from rank to rank; the threads of a rank share the tiles of a chunk
 * that lie on one antidiagonal. */
int lcs_length(int m, int n, const char *a, const char *b) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int lo = (int)((long)n * rank / ranks), width = (int)((long)n * (rank + 1) / ranks) - lo;
    int *north = calloc(width + 1, sizeof(int)), edge = 0;
    for (int start = 0; start < m; start += ROWS) {
        const int rows = m - start < ROWS ? m - start : ROWS;
        int west[ROWS] = {0}, corner[TILES + 1][PARTS + 1];
        if (rank > 0) MPI_Recv(west, rows, MPI_INT, rank - 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        corner[0][0] = edge;
        edge = west[rows - 1];
        for (int c = 1; c < PARTS; c++) corner[0][c] = width * c / PARTS > 0 ? north[width * c / PARTS - 1] : corner[0][0];
        for (int r = 1; r < TILES; r++) corner[r][0] = rows * r / TILES > 0 ? west[rows * r / TILES - 1] : corner[0][0];
        for (int d = 0; d < TILES + PARTS - 1; d++) {
            const int first = d < PARTS ? 0 : d - PARTS + 1, last = d < TILES ? d : TILES - 1;
#pragma omp parallel for schedule(static, 1)
            for (int r = first; r <= last; r++) {
                const int c = d - r;
                const int i = rows * r / TILES, i_end = rows * (r + 1) / TILES;
                const int j = width * c / PARTS, j_end = width * (c + 1) / PARTS;
                fill(i_end - i, a + start + i, j_end - j, b + lo + j, corner[r][c], north + j, west + i);
                if (i_end > i)
                    corner[r + 1][c + 1] = west[i_end - 1];
                else
                    corner[r + 1][c + 1] = j_end > j ? north[j_end - 1] : corner[r][c];
            }
        }
        if (rank < ranks - 1) MPI_Send(west, rows, MPI_INT, rank + 1, 0, MPI_COMM_WORLD);
    }
    int length = width > 0 ? north[width - 1] : edge;
    MPI_Bcast(&length, 1, MPI_INT, ranks - 1, MPI_COMM_WORLD);
    free(north);
    return length;
}

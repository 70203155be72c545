#include <mpi.h>
#include <stdlib.h>

#define CHUNK 32

/* Every rank has a block of columns. Rows come in chunks: the last column of the rank before arrives, our own goes on to the next. */
int lcs_length(int m, int n, const char *a, const char *b) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int lo = (int)((long)n * rank / ranks), width = (int)((long)n * (rank + 1) / ranks) - lo;
    int *row = calloc(width + 1, sizeof(int)), left[CHUNK] = {0}, right[CHUNK];
    for (int start = 0; start < m; start += CHUNK) {
        const int rows = m - start < CHUNK ? m - start : CHUNK;
        if (rank > 0) MPI_Recv(left, rows, MPI_INT, rank - 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        for (int i = 0; i < rows; i++) {
            int diagonal = row[0];
            row[0] = left[i];
            for (int j = 1; j <= width; j++) {
                const int above = row[j];
                if (a[start + i] == b[lo + j - 1])
                    row[j] = diagonal + 1;
                else
                    row[j] = above > row[j - 1] ? above : row[j - 1];
                diagonal = above;
            }
            right[i] = row[width];
        }
        if (rank < ranks - 1) MPI_Send(right, rows, MPI_INT, rank + 1, 0, MPI_COMM_WORLD);
    }
    int length = row[width];
    MPI_Bcast(&length, 1, MPI_INT, ranks - 1, MPI_COMM_WORLD);
    free(row);
    return length;
}

#include <mpi.h>
#include <stdlib.h>

void transpose(int m, int n, const float *A, float *B) {
    int rank, size;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    /* Each rank makes a block of rows of B, which is contiguous. */
    int *counts = malloc(size * sizeof *counts), *displs = malloc(size * sizeof *displs);
    for (int r = 0, start = 0; r < size; r++) {
        const int rows = n / size + (r < n % size);
        displs[r] = start * m;
        counts[r] = rows * m;
        start += rows;
    }
    if (m > 0)
        for (int j = displs[rank] / m; j < (displs[rank] + counts[rank]) / m; j++)
            for (int i = 0; i < m; i++) B[(size_t)j * m + i] = A[(size_t)i * n + j];
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, B, counts, displs, MPI_FLOAT, MPI_COMM_WORLD);
    free(displs);
    free(counts);
}

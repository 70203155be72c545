#include <mpi.h>
#include <omp.h>
#include <stdlib.h>

/* Ranks have blocks of interior rows and exchange their border rows after each sweep; threads share the rows of a rank. */
void jacobi(int n, int iterations, const double *b, double *u) {
    if (n < 3) return;
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int rows = n - 2, used = ranks < rows ? ranks : rows;
    int *counts = malloc(ranks * sizeof(int)), *displs = malloc(ranks * sizeof(int));
    for (int r = 0; r < ranks; r++) {
        const int from = r < used ? (int)((long)rows * r / used) : rows, to = r < used ? (int)((long)rows * (r + 1) / used) : rows;
        displs[r] = (1 + from) * n;
        counts[r] = (to - from) * n;
    }
    const int lo = displs[rank] / n, hi = lo + counts[rank] / n;
    const int above = rank > 0 && rank < used ? rank - 1 : MPI_PROC_NULL, below = rank + 1 < used ? rank + 1 : MPI_PROC_NULL;
    double *next = malloc((size_t)n * n * sizeof(double));
    for (int sweep = 0; sweep < iterations; sweep++) {
#pragma omp parallel
        {
#pragma omp for
            for (int i = lo; i < hi; i++)
                for (int j = 1; j < n - 1; j++) {
                    const size_t k = (size_t)i * n + j;
                    next[k] = (u[k - n] + u[k + n] + u[k - 1] + u[k + 1] + b[k]) / 4.0;
                }
#pragma omp for
            for (int i = lo; i < hi; i++)
                for (int j = 1; j < n - 1; j++) u[(size_t)i * n + j] = next[(size_t)i * n + j];
        }
        if (hi == lo) continue;
        MPI_Request requests[4];
        MPI_Irecv(u + (size_t)(lo - 1) * n, n, MPI_DOUBLE, above, 0, MPI_COMM_WORLD, &requests[0]);
        MPI_Irecv(u + (size_t)hi * n, n, MPI_DOUBLE, below, 1, MPI_COMM_WORLD, &requests[1]);
        MPI_Isend(u + (size_t)lo * n, n, MPI_DOUBLE, above, 1, MPI_COMM_WORLD, &requests[2]);
        MPI_Isend(u + (size_t)(hi - 1) * n, n, MPI_DOUBLE, below, 0, MPI_COMM_WORLD, &requests[3]);
        MPI_Waitall(4, requests, MPI_STATUSES_IGNORE);
    }
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, u, counts, displs, MPI_DOUBLE, MPI_COMM_WORLD);
    free(next);
    free(displs);
    free(counts);
}

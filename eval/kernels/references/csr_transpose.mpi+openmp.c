#include <mpi.h>
#include <omp.h>
#include <stdlib.h>

/* Columns are divided between ranks, and those of a rank between its threads, so that no two write to the same row of the transpose. */
void csr_transpose(int m, int n, const int *row_ptr, const int *col, const double *val, int *t_row_ptr, int *t_col, double *t_val) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    int *next = calloc(n + 1, sizeof(int));
#pragma omp parallel for
    for (int e = 0; e < row_ptr[m]; e++) {
#pragma omp atomic
        next[col[e]]++;
    }
    t_row_ptr[0] = 0;
    for (int j = 0; j < n; j++) {
        t_row_ptr[j + 1] = t_row_ptr[j] + next[j];
        next[j] = t_row_ptr[j];
    }
#pragma omp parallel
    {
        const int parts = ranks * omp_get_num_threads(), part = rank * omp_get_num_threads() + omp_get_thread_num();
        const int lo = (int)((long)n * part / parts), hi = (int)((long)n * (part + 1) / parts);
        for (int i = 0; i < m; i++)
            for (int e = row_ptr[i]; e < row_ptr[i + 1]; e++) {
                const int j = col[e];
                if (j < lo || j >= hi) continue;
                t_col[next[j]] = i;
                t_val[next[j]] = val[e];
                next[j]++;
            }
    }
    for (int r = 0; r < ranks; r++) {
        const int first = t_row_ptr[(long)n * r / ranks], count = t_row_ptr[(long)n * (r + 1) / ranks] - first;
        MPI_Bcast(t_col + first, count, MPI_INT, r, MPI_COMM_WORLD);
        MPI_Bcast(t_val + first, count, MPI_DOUBLE, r, MPI_COMM_WORLD);
    }
    free(next);
}

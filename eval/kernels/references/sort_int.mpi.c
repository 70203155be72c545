#include <mpi.h>
#include <stdlib.h>
#include <string.h>

static int ascending(const void *a, const void *b) {
    const int left = *(const int *)a, right = *(const int *)b;
    return left < right ? -1 : left > right;
}

static void merge(const int *a, int m, const int *b, int n, int *out) {
    while (m > 0 && n > 0) {
        if (*a <= *b) {
            *out++ = *a++;
            m--;
        } else {
            *out++ = *b++;
            n--;
        }
    }
    memcpy(out, a, m * sizeof(int));
    memcpy(out + m, b, n * sizeof(int));
}

/* Every rank sorts its share; runs go up a binary tree and are merged on the way to rank 0. */
void sort_int(int n, int *x) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int lo = (int)((long long)n * rank / ranks), hi = (int)((long long)n * (rank + 1) / ranks);
    int length = hi - lo;
    int *run = malloc((n + 1) * sizeof(int)), *other = malloc((n + 1) * sizeof(int)), *merged = malloc((n + 1) * sizeof(int));
    memcpy(run, x + lo, length * sizeof(int));
    qsort(run, length, sizeof(int), ascending);
    for (int step = 1; step < ranks; step *= 2) {
        if (rank % (2 * step) == step) {
            MPI_Send(run, length, MPI_INT, rank - step, 0, MPI_COMM_WORLD);
            break;
        }
        if (rank + step < ranks) {
            MPI_Status status;
            int count;
            MPI_Recv(other, n, MPI_INT, rank + step, 0, MPI_COMM_WORLD, &status);
            MPI_Get_count(&status, MPI_INT, &count);
            merge(run, length, other, count, merged);
            length += count;
            int *swap = run;
            run = merged;
            merged = swap;
        }
    }
    if (rank == 0) memcpy(x, run, n * sizeof(int));
    free(merged);
    free(other);
    free(run);
}

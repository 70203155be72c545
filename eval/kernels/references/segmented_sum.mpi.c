#include <mpi.h>
#include <stdlib.h>

/* The first segment that begins at or after element `element`. */
static int segment_at(int n, const int *offsets, long element) {
    int lo = 0, hi = n;
    while (lo < hi) {
        const int mid = lo + (hi - lo) / 2;
        if (offsets[mid] < element)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* Ranks get about the same number of elements, and whole segments. */
void segmented_sum(int n, const int *offsets, const float *x, float *sums) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    int *first = malloc((ranks + 1) * sizeof(int)), *counts = malloc(ranks * sizeof(int));
    for (int r = 0; r < ranks; r++) first[r] = r == 0 ? 0 : segment_at(n, offsets, (long)offsets[n] * r / ranks);
    first[ranks] = n;
    for (int r = 0; r < ranks; r++) counts[r] = first[r + 1] - first[r];
    for (int s = first[rank]; s < first[rank + 1]; s++) {
        float sum = 0.0f;
        for (int i = offsets[s]; i < offsets[s + 1]; i++) sum += x[i];
        sums[s] = sum;
    }
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, sums, counts, first, MPI_FLOAT, MPI_COMM_WORLD);
    free(counts);
    free(first);
}

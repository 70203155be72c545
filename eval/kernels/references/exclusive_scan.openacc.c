#include <stdlib.h>

/* Doubling steps between two buffers; `sums` is inclusive, so that its neighbour to the left is the offset. */
long exclusive_scan(int n, const int *counts, long *offsets) {
    if (n == 0) return 0;
    long *sums = malloc(n * sizeof(long)), *next = malloc(n * sizeof(long)), total;
#pragma acc data copyin(counts[0:n]) copyout(offsets[0:n]) create(sums[0:n], next[0:n])
    {
#pragma acc parallel loop
        for (int i = 0; i < n; i++) sums[i] = counts[i];
        for (long step = 1; step < n; step <<= 1) {
#pragma acc parallel loop
            for (int i = 0; i < n; i++) next[i] = i < step ? sums[i] : sums[i] + sums[i - step];
#pragma acc parallel loop
            for (int i = 0; i < n; i++) sums[i] = next[i];
        }
#pragma acc parallel loop
        for (int i = 0; i < n; i++) offsets[i] = i > 0 ? sums[i - 1] : 0;
#pragma acc update self(sums[n - 1:1])
    }
    total = sums[n - 1];
    free(next);
    free(sums);
    return total;
}

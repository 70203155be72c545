#include <stdlib.h>

#define CHUNK 512

long exclusive_scan(int n, const int *counts, long *offsets) {
    if (n == 0) return 0;
    const int chunks = (n + CHUNK - 1) / CHUNK;
    long *sums = malloc(chunks * sizeof(long)), total = 0;
#pragma omp target data map(to : counts[0:n]) map(from : offsets[0:n]) map(alloc : sums[0:chunks])
    {
#pragma omp target teams distribute parallel for
        for (int c = 0; c < chunks; c++) {
            const int last = c + 1 < chunks ? (c + 1) * CHUNK : n;
            long sum = 0;
            for (int i = c * CHUNK; i < last; i++) sum += counts[i];
            sums[c] = sum;
        }
#pragma omp target update from(sums[0:chunks])
        for (int c = 0; c < chunks; c++) {
            const long sum = sums[c];
            sums[c] = total;
            total += sum;
        }
#pragma omp target update to(sums[0:chunks])
#pragma omp target teams distribute parallel for
        for (int c = 0; c < chunks; c++) {
            const int last = c + 1 < chunks ? (c + 1) * CHUNK : n;
            long next = sums[c];
            for (int i = c * CHUNK; i < last; i++) {
                offsets[i] = next;
                next += counts[i];
            }
        }
    }
    free(sums);
    return total;
}

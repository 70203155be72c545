#include <stdlib.h>

enum { BLOCK = 1024 };

static int block_end(int n, int b) {
    const int end = (b + 1) * BLOCK;
    return end < n ? end : n;
}

long exclusive_scan(int n, const int *counts, long *offsets) {
    const int blocks = n / BLOCK + (n % BLOCK != 0);
    long *sums = malloc((blocks + 1) * sizeof(long)), total = 0;
#pragma omp parallel for
    for (int b = 0; b < blocks; b++) {
        long sum = 0;
        for (int i = b * BLOCK; i < block_end(n, b); i++) sum += counts[i];
        sums[b] = sum;
    }
    for (int b = 0; b < blocks; b++) {
        const long sum = sums[b];
        sums[b] = total;
        total += sum;
    }
#pragma omp parallel for
    for (int b = 0; b < blocks; b++) {
        long next = sums[b];
        for (int i = b * BLOCK; i < block_end(n, b); i++) {
            offsets[i] = next;
            next += counts[i];
        }
    }
    free(sums);
    return total;
}

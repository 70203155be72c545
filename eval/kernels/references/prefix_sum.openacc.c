#include <stdlib.h>

#define CHUNK 256

void prefix_sum(int n, const double *x, double *y) {
    const int chunks = (n + CHUNK - 1) / CHUNK;
    if (chunks == 0) return;
    double *base = malloc(chunks * sizeof(double));
#pragma acc data copyin(x[0:n]) copyout(y[0:n]) create(base[0:chunks])
    {
#pragma acc parallel loop present(x, base)
        for (int c = 0; c < chunks; c++) {
            const int end = (c + 1) * CHUNK < n ? (c + 1) * CHUNK : n;
            double sum = 0.0;
#pragma acc loop seq
            for (int i = c * CHUNK; i < end; i++) sum += x[i];
            base[c] = sum;
        }
        /* There are few chunks: their sums are scanned in sequence on the device. */
#pragma acc serial present(base)
        {
            double total = 0.0;
            for (int c = 0; c < chunks; c++) {
                const double sum = base[c];
                base[c] = total;
                total += sum;
            }
        }
#pragma acc parallel loop present(x, y, base)
        for (int c = 0; c < chunks; c++) {
            const int end = (c + 1) * CHUNK < n ? (c + 1) * CHUNK : n;
            double sum = base[c];
#pragma acc loop seq
            for (int i = c * CHUNK; i < end; i++) {
                sum += x[i];
                y[i] = sum;
            }
        }
    }
    free(base);
}

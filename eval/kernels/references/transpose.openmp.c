#include <stddef.h>

#define BLOCK 16

static int smaller(int a, int b) { return a < b ? a : b; }

void transpose(int m, int n, const float *A, float *B) {
#pragma omp parallel for collapse(2) schedule(static)
    for (int bi = 0; bi < m; bi += BLOCK)
        for (int bj = 0; bj < n; bj += BLOCK)
            for (int j = bj; j < smaller(bj + BLOCK, n); j++)
                for (int i = bi; i < smaller(bi + BLOCK, m); i++) B[(size_t)j * m + i] = A[(size_t)i * n + j];
}

#include <stddef.h>

void transpose(int m, int n, const float *restrict A, float *restrict B) {
    const size_t count = (size_t)m * n;
#pragma acc parallel loop tile(16, 16) copyin(A[0 : count]) copyout(B[0 : count])
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) B[(size_t)j * m + i] = A[(size_t)i * n + j];
}

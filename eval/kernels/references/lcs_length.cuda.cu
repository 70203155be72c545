#include <cuda_runtime.h>

#include <algorithm>

/* Fills antidiagonal d of the table, cells (i, d - i), from the two before it. */
__global__ void antidiagonal(int d, int first, int last, const char *a, const char *b, const int *earlier, const int *before, int *now) {
    const int i = first + blockIdx.x * blockDim.x + threadIdx.x;
    if (i > last) return;
    if (i == 0 || i == d)
        now[i] = 0;
    else if (a[i - 1] == b[d - i - 1])
        now[i] = earlier[i - 1] + 1;
    else
        now[i] = max(before[i - 1], before[i]);
}

extern "C" int lcs_length(int m, int n, const char *a, const char *b) {
    if (m <= 0 || n <= 0) return 0;
    char *da, *db;
    int *earlier, *before, *now;
    cudaMalloc(&da, m);
    cudaMalloc(&db, n);
    cudaMalloc(&earlier, (m + 1) * sizeof(int));
    cudaMalloc(&before, (m + 1) * sizeof(int));
    cudaMalloc(&now, (m + 1) * sizeof(int));
    cudaMemcpy(da, a, m, cudaMemcpyHostToDevice);
    cudaMemcpy(db, b, n, cudaMemcpyHostToDevice);
    for (int d = 0; d <= m + n; d++) {
        const int first = std::max(0, d - n), last = std::min(d, m);
        const int blocks = (last - first) / 128 + 1;
        antidiagonal<<<blocks, 128>>>(d, first, last, da, db, earlier, before, now);
        int *oldest = earlier;
        earlier = before;
        before = now;
        now = oldest;
    }
    int length;
    cudaMemcpy(&length, before + m, sizeof(int), cudaMemcpyDeviceToHost);
    cudaFree(now);
    cudaFree(before);
    cudaFree(earlier);
    cudaFree(db);
    cudaFree(da);
    return length;
}

#include <cuda_runtime.h>

/* A warp for each vertex, whose lanes share its edges. */
__global__ void count_triangles(int n, const int *row_ptr, const int *col, unsigned long long *total) {
    const int u = (blockIdx.x * blockDim.x + threadIdx.x) / 32, lane = threadIdx.x % 32;
    unsigned long long count = 0;
    if (u < n) {
        const int end = row_ptr[u + 1];
        for (int e = row_ptr[u] + lane; e < end; e += 32) {
            const int v = col[e];
            if (v < u) continue;
            int p = e + 1, q = row_ptr[v];
            const int q_end = row_ptr[v + 1];
            while (p < end && q < q_end) {
                const int a = col[p], b = col[q];
                count += a == b;
                p += a <= b;
                q += b <= a;
            }
        }
    }
    for (int offset = 16; offset > 0; offset /= 2) count += __shfl_down_sync(0xffffffffu, count, offset);
    if (lane == 0 && count > 0) atomicAdd(total, count);
}

extern "C" long triangle_count(int n, const int *row_ptr, const int *col) {
    if (n <= 0 || row_ptr[n] == 0) return 0;
    int *d_row_ptr, *d_col;
    unsigned long long *d_total, total = 0;
    cudaMalloc(&d_row_ptr, (n + 1) * sizeof(int));
    cudaMalloc(&d_col, row_ptr[n] * sizeof(int));
    cudaMalloc(&d_total, sizeof total);
    cudaMemcpy(d_row_ptr, row_ptr, (n + 1) * sizeof(int), cudaMemcpyHostToDevice);
    cudaMemcpy(d_col, col, row_ptr[n] * sizeof(int), cudaMemcpyHostToDevice);
    cudaMemset(d_total, 0, sizeof total);
    const int warps = 4;
    count_triangles<<<(n + warps - 1) / warps, 32 * warps>>>(n, d_row_ptr, d_col, d_total);
    cudaMemcpy(&total, d_total, sizeof total, cudaMemcpyDeviceToHost);
    cudaFree(d_total);
    cudaFree(d_col);
    cudaFree(d_row_ptr);
    return (long)total;
}

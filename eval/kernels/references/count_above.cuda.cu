#include <cuda_runtime.h>

__global__ void count_kernel(int n, const int *x, int limit, unsigned long long *total) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    const int above = __syncthreads_count(i < n && x[i] > limit);
    if (threadIdx.x == 0 && above > 0) atomicAdd(total, (unsigned long long)above);
}

extern "C" long count_above(int n, const int *x, int limit) {
    if (n <= 0) return 0;
    int *d_x;
    unsigned long long *d_total, total = 0;
    cudaMalloc(&d_x, n * sizeof(int));
    cudaMalloc(&d_total, sizeof total);
    cudaMemcpy(d_x, x, n * sizeof(int), cudaMemcpyHostToDevice);
    cudaMemset(d_total, 0, sizeof total);
    const int threads = 128;
    count_kernel<<<(n + threads - 1) / threads, threads>>>(n, d_x, limit, d_total);
    cudaMemcpy(&total, d_total, sizeof total, cudaMemcpyDeviceToHost);
    cudaFree(d_total);
    cudaFree(d_x);
    return (long)total;
}

#include <cuda_runtime.h>

/* Every block counts in shared memory first, so that few threads meet in global memory. */
__global__ void histogram_kernel(int n, const int *x, int bins, int *counts) {
    extern __shared__ int local[];
    for (int b = threadIdx.x; b < bins; b += blockDim.x) local[b] = 0;
    __syncthreads();
    const int stride = gridDim.x * blockDim.x;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += stride) {
        const int value = x[i];
        if (value >= 0 && value < bins) atomicAdd(&local[value], 1);
    }
    __syncthreads();
    for (int b = threadIdx.x; b < bins; b += blockDim.x)
        if (local[b] > 0) atomicAdd(&counts[b], local[b]);
}

/* For more bins than fit there. */
__global__ void histogram_global(int n, const int *x, int bins, int *counts) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n && x[i] >= 0 && x[i] < bins) atomicAdd(&counts[x[i]], 1);
}

extern "C" void histogram(int n, const int *x, int bins, int *counts) {
    int *d_x, *d_counts;
    cudaMalloc(&d_x, (n + 1) * sizeof(int));
    cudaMalloc(&d_counts, bins * sizeof(int));
    cudaMemcpy(d_x, x, n * sizeof(int), cudaMemcpyHostToDevice);
    cudaMemset(d_counts, 0, bins * sizeof(int));
    const int threads = 256, blocks = (n + threads - 1) / threads;
    if (n > 0 && bins <= 8192)
        histogram_kernel<<<min(blocks, 48), threads, bins * sizeof(int)>>>(n, d_x, bins, d_counts);
    else if (n > 0)
        histogram_global<<<blocks, threads>>>(n, d_x, bins, d_counts);
    cudaMemcpy(counts, d_counts, bins * sizeof(int), cudaMemcpyDeviceToHost);
    cudaFree(d_counts);
    cudaFree(d_x);
}

#include <cuda_runtime.h>

__global__ void lower_bound_kernel(int n, const long *__restrict__ sorted, int m, const long *__restrict__ keys, int *__restrict__ position) {
    const int j = blockIdx.x * blockDim.x + threadIdx.x;
    if (j >= m) return;
    const long key = keys[j];
    int low = 0, high = n;
    while (low < high) {
        const int middle = (low + high) >> 1;
        if (sorted[middle] < key)
            low = middle + 1;
        else
            high = middle;
    }
    position[j] = low;
}

extern "C" void lower_bound(int n, const long *sorted, int m, const long *keys, int *position) {
    if (m <= 0) return;
    long *d_sorted = nullptr, *d_keys;
    int *d_position;
    if (n > 0) {
        cudaMalloc(&d_sorted, n * sizeof(long));
        cudaMemcpy(d_sorted, sorted, n * sizeof(long), cudaMemcpyHostToDevice);
    }
    cudaMalloc(&d_keys, m * sizeof(long));
    cudaMalloc(&d_position, m * sizeof(int));
    cudaMemcpy(d_keys, keys, m * sizeof(long), cudaMemcpyHostToDevice);
    const int threads = 128;
    lower_bound_kernel<<<(m + threads - 1) / threads, threads>>>(n, d_sorted, m, d_keys, d_position);
    cudaMemcpy(position, d_position, m * sizeof(int), cudaMemcpyDeviceToHost);
    cudaFree(d_position);
    cudaFree(d_keys);
    cudaFree(d_sorted);
}

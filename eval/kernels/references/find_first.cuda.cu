#include <cuda_runtime.h>

#include <algorithm>

__global__ void first_above(int n, const float *x, float threshold, int *first) {
    __shared__ int block_first;
    if (threadIdx.x == 0) block_first = n;
    __syncthreads();
    const int stride = gridDim.x * blockDim.x;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += stride) {
        if (x[i] > threshold) {
            // What this thread finds later is never smaller.
            atomicMin(&block_first, i);
            break;
        }
    }
    __syncthreads();
    if (threadIdx.x == 0 && block_first < n) atomicMin(first, block_first);
}

extern "C" int find_first(int n, const float *x, float threshold) {
    if (n <= 0) return -1;
    float *dx;
    int *d_first, first = n;
    cudaMalloc(&dx, n * sizeof(float));
    cudaMalloc(&d_first, sizeof(int));
    cudaMemcpy(dx, x, n * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemcpy(d_first, &first, sizeof(int), cudaMemcpyHostToDevice);
    const int blocks = std::min((n + 255) / 256, 1024);
    first_above<<<blocks, 256>>>(n, dx, threshold, d_first);
    cudaMemcpy(&first, d_first, sizeof(int), cudaMemcpyDeviceToHost);
    cudaFree(d_first);
    cudaFree(dx);
    return first < n ? first : -1;
}

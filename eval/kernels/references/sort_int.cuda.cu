#include <cuda_runtime.h>

#include <climits>
#include <vector>

#define BLOCK 128

__device__ void compare_exchange(int *x, int i, int j, bool up) {
    const int a = x[i], b = x[j];
    if ((a > b) == up) {
        x[i] = b;
        x[j] = a;
    }
}

/* One step of the bitonic network on a power of two of elements. */
__global__ void bitonic_step(int *x, int size, int stage, int distance) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    const int j = i ^ distance;
    if (i < size && j > i) compare_exchange(x, i, j, (i & stage) == 0);
}

extern "C" void sort_int(int n, int *x) {
    if (n < 2) return;
    int size = 1;
    while (size < n) size *= 2;
    /* What is beyond n is as large as can be, and stays behind. */
    std::vector<int> padded(size, INT_MAX);
    for (int i = 0; i < n; i++) padded[i] = x[i];
    int *d;
    cudaMalloc(&d, size * sizeof(int));
    cudaMemcpy(d, padded.data(), size * sizeof(int), cudaMemcpyHostToDevice);
    for (int stage = 2; stage <= size; stage *= 2)
        for (int distance = stage / 2; distance > 0; distance /= 2)
            bitonic_step<<<(size + BLOCK - 1) / BLOCK, BLOCK>>>(d, size, stage, distance);
    cudaMemcpy(x, d, n * sizeof(int), cudaMemcpyDeviceToHost);
    cudaFree(d);
}

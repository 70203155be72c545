#include <cuda_runtime.h>

#include <algorithm>

__device__ unsigned int hash(unsigned int h) {
    h ^= h >> 16;
    h *= 0x45d9f3bu;
    h ^= h >> 16;
    h *= 0x45d9f3bu;
    return h ^ (h >> 16);
}

__global__ void count_hits(long n, unsigned int seed, unsigned long long *total) {
    __shared__ unsigned int counts[256];
    unsigned int mine = 0;
    const long stride = (long)gridDim.x * blockDim.x;
    for (long i = (long)blockIdx.x * blockDim.x + threadIdx.x; i < n; i += stride) {
        const unsigned int counter = seed + 2u * (unsigned int)i;
        const unsigned long long x = hash(counter) >> 1, y = hash(counter + 1u) >> 1;
        if (x * x + y * y < 1ull << 62) mine++;
    }
    counts[threadIdx.x] = mine;
    __syncthreads();
    for (int half = blockDim.x / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) counts[threadIdx.x] += counts[threadIdx.x + half];
        __syncthreads();
    }
    if (threadIdx.x == 0) atomicAdd(total, (unsigned long long)counts[0]);
}

extern "C" long monte_carlo_pi(long n, unsigned int seed) {
    if (n <= 0) return 0;
    unsigned long long *device_total, total = 0;
    cudaMalloc(&device_total, sizeof total);
    cudaMemset(device_total, 0, sizeof total);
    const int blocks = (int)std::min((n + 255) / 256, 512L);
    count_hits<<<blocks, 256>>>(n, seed, device_total);
    cudaMemcpy(&total, device_total, sizeof total, cudaMemcpyDeviceToHost);
    cudaFree(device_total);
    return (long)total;
}

#include <cuda_runtime.h>

static const int kThreads = 128;
static const int kWarp = 32;

__device__ long long warp_inclusive(long long value) {
    const int lane = threadIdx.x % kWarp;
    for (int distance = 1; distance < kWarp; distance *= 2) {
        const long long left = __shfl_up_sync(0xffffffffu, value, distance);
        if (lane >= distance) value += left;
    }
    return value;
}

/* Inclusive scan over the block: within warps by shuffles, between them through shared memory. */
__device__ long long block_inclusive(long long value) {
    __shared__ long long warp_sums[kThreads / kWarp];
    const int warp = threadIdx.x / kWarp;
    value = warp_inclusive(value);
    if (threadIdx.x % kWarp == kWarp - 1) warp_sums[warp] = value;
    __syncthreads();
    for (int w = 0; w < warp; w++) value += warp_sums[w];
    __syncthreads();
    return value;
}

__global__ void sum_blocks(int n, const int *counts, long long *sums) {
    const int i = blockIdx.x * kThreads + threadIdx.x;
    const long long upto = block_inclusive(i < n ? counts[i] : 0);
    if (threadIdx.x == kThreads - 1) sums[blockIdx.x] = upto;
}

/* One block walks over the sums of all; sums[blocks] receives the total. */
__global__ void scan_sums(int blocks, long long *sums) {
    __shared__ long long carry;
    if (threadIdx.x == 0) carry = 0;
    __syncthreads();
    for (int first = 0; first < blocks; first += kThreads) {
        const int b = first + threadIdx.x;
        const long long own = b < blocks ? sums[b] : 0;
        const long long upto = block_inclusive(own) + carry;
        if (b < blocks) sums[b] = upto - own;
        __syncthreads();
        if (threadIdx.x == kThreads - 1) carry = upto;
        __syncthreads();
    }
    if (threadIdx.x == 0) sums[blocks] = carry;
}

__global__ void write_offsets(int n, const int *counts, const long long *sums, long *offsets) {
    const int i = blockIdx.x * kThreads + threadIdx.x;
    const long long own = i < n ? counts[i] : 0;
    const long long upto = block_inclusive(own);
    if (i < n) offsets[i] = sums[blockIdx.x] + upto - own;
}

extern "C" long exclusive_scan(int n, const int *counts, long *offsets) {
    if (n <= 0) return 0;
    const int blocks = (n + kThreads - 1) / kThreads;
    int *d_counts;
    long *d_offsets;
    long long *d_sums, total;
    cudaMalloc(&d_counts, n * sizeof(int));
    cudaMalloc(&d_offsets, n * sizeof(long));
    cudaMalloc(&d_sums, (blocks + 1) * sizeof(long long));
    cudaMemcpy(d_counts, counts, n * sizeof(int), cudaMemcpyHostToDevice);
    sum_blocks<<<blocks, kThreads>>>(n, d_counts, d_sums);
    scan_sums<<<1, kThreads>>>(blocks, d_sums);
    write_offsets<<<blocks, kThreads>>>(n, d_counts, d_sums, d_offsets);
    cudaMemcpy(offsets, d_offsets, n * sizeof(long), cudaMemcpyDeviceToHost);
    cudaMemcpy(&total, d_sums + blocks, sizeof total, cudaMemcpyDeviceToHost);
    cudaFree(d_sums);
    cudaFree(d_offsets);
    cudaFree(d_counts);
    return total;
}

#include <cuda_runtime.h>

#define WARP_SIZE 32
#define WARPS_PER_BLOCK 4

/* One warp for each segment: lanes stride over it, then add up by shuffles. */
__global__ void segment_kernel(int n, const int *offsets, const float *x, float *sums) {
    const int lane = threadIdx.x;
    const int segment = blockIdx.x * WARPS_PER_BLOCK + threadIdx.y;
    if (segment >= n) return;
    float sum = 0.0f;
    for (int i = offsets[segment] + lane; i < offsets[segment + 1]; i += WARP_SIZE) sum += x[i];
    for (int distance = WARP_SIZE / 2; distance > 0; distance /= 2) sum += __shfl_down_sync(0xffffffffu, sum, distance);
    if (lane == 0) sums[segment] = sum;
}

extern "C" void segmented_sum(int n, const int *offsets, const float *x, float *sums) {
    if (n <= 0) return;
    const int length = offsets[n];
    int *d_offsets = nullptr;
    float *d_x = nullptr, *d_sums = nullptr;
    cudaMalloc(&d_offsets, (n + 1) * sizeof(int));
    cudaMalloc(&d_x, (length + 1) * sizeof(float));
    cudaMalloc(&d_sums, n * sizeof(float));
    cudaMemcpy(d_offsets, offsets, (n + 1) * sizeof(int), cudaMemcpyHostToDevice);
    cudaMemcpy(d_x, x, length * sizeof(float), cudaMemcpyHostToDevice);
    const dim3 block(WARP_SIZE, WARPS_PER_BLOCK);
    segment_kernel<<<(n + WARPS_PER_BLOCK - 1) / WARPS_PER_BLOCK, block>>>(n, d_offsets, d_x, d_sums);
    cudaMemcpy(sums, d_sums, n * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(d_sums);
    cudaFree(d_x);
    cudaFree(d_offsets);
}

#include <cuda_runtime.h>

constexpr int kBlock = 128;

/* A block keeps its elements and one on either side in shared memory. */
__global__ void sweep_kernel(int n, float left, float centre, float right, const float *from, float *to) {
    __shared__ float cell[kBlock + 2];
    const int i = blockIdx.x * kBlock + threadIdx.x;
    if (i < n) {
        cell[threadIdx.x + 1] = from[i];
        if (threadIdx.x == 0) cell[0] = from[i == 0 ? n - 1 : i - 1];
        if (threadIdx.x == kBlock - 1 || i == n - 1) cell[threadIdx.x + 2] = from[i == n - 1 ? 0 : i + 1];
    }
    __syncthreads();
    if (i < n) to[i] = left * cell[threadIdx.x] + centre * cell[threadIdx.x + 1] + right * cell[threadIdx.x + 2];
}

extern "C" void stencil1d(int n, int sweeps, float left, float centre, float right, float *u) {
    if (n <= 0) return;
    float *buffers[2];
    for (float *&buffer : buffers) cudaMalloc(&buffer, n * sizeof(float));
    cudaMemcpy(buffers[0], u, n * sizeof(float), cudaMemcpyHostToDevice);
    const int blocks = (n + kBlock - 1) / kBlock;
    for (int s = 0; s < sweeps; s++) sweep_kernel<<<blocks, kBlock>>>(n, left, centre, right, buffers[s % 2], buffers[(s + 1) % 2]);
    cudaMemcpy(u, buffers[sweeps % 2], n * sizeof(float), cudaMemcpyDeviceToHost);
    for (float *buffer : buffers) cudaFree(buffer);
}

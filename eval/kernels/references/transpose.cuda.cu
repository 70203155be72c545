#include <cuda_runtime.h>

constexpr int TILE = 32;
constexpr int ROWS = 8;

/* A tile goes through shared memory, so that reads and writes of global memory are both coalesced. */
__global__ void transpose_kernel(int m, int n, const float *A, float *B) {
    __shared__ float tile[TILE][TILE + 1];
    const int col = blockIdx.x * TILE + threadIdx.x;
    const int row0 = blockIdx.y * TILE;
    for (int r = threadIdx.y; r < TILE; r += ROWS)
        if (row0 + r < m && col < n) tile[r][threadIdx.x] = A[(size_t)(row0 + r) * n + col];
    __syncthreads();
    const int out_col = row0 + threadIdx.x;
    for (int r = threadIdx.y; r < TILE; r += ROWS) {
        const int out_row = blockIdx.x * TILE + r;
        if (out_row < n && out_col < m) B[(size_t)out_row * m + out_col] = tile[threadIdx.x][r];
    }
}

extern "C" void transpose(int m, int n, const float *A, float *B) {
    if (m <= 0 || n <= 0) return;
    const size_t bytes = (size_t)m * n * sizeof(float);
    float *dA, *dB;
    cudaMalloc(&dA, bytes);
    cudaMalloc(&dB, bytes);
    cudaMemcpy(dA, A, bytes, cudaMemcpyHostToDevice);
    const dim3 block(TILE, ROWS), grid((n + TILE - 1) / TILE, (m + TILE - 1) / TILE);
    transpose_kernel<<<grid, block>>>(m, n, dA, dB);
    cudaMemcpy(B, dB, bytes, cudaMemcpyDeviceToHost);
    cudaFree(dB);
    cudaFree(dA);
}

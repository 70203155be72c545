#include <cuda_runtime.h>

__global__ void gemm_kernel(int m, int n, int k, const double *A, const double *B, double *C) {
    const int i = blockIdx.y * blockDim.y + threadIdx.y;
    const int j = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= m || j >= n) return;
    double sum = 0.0;
    for (int l = 0; l < k; l++) sum += A[(size_t)i * k + l] * B[(size_t)l * n + j];
    C[(size_t)i * n + j] = sum;
}

extern "C" void gemm(int m, int n, int k, const double *A, const double *B, double *C) {
    if (m <= 0 || n <= 0) return;
    double *dA, *dB, *dC;
    cudaMalloc(&dA, (size_t)m * k * sizeof(double));
    cudaMalloc(&dB, (size_t)k * n * sizeof(double));
    cudaMalloc(&dC, (size_t)m * n * sizeof(double));
    cudaMemcpy(dA, A, (size_t)m * k * sizeof(double), cudaMemcpyHostToDevice);
    cudaMemcpy(dB, B, (size_t)k * n * sizeof(double), cudaMemcpyHostToDevice);
    const dim3 block(16, 16), grid((n + 15) / 16, (m + 15) / 16);
    gemm_kernel<<<grid, block>>>(m, n, k, dA, dB, dC);
    cudaMemcpy(C, dC, (size_t)m * n * sizeof(double), cudaMemcpyDeviceToHost);
    cudaFree(dC);
    cudaFree(dB);
    cudaFree(dA);
}

#include <cuda_runtime.h>

__global__ void gemv_kernel(int m, int n, const double *A, const double *x, double *y) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= m) return;
    double sum = 0.0;
    for (int j = 0; j < n; j++) sum += A[(size_t)i * n + j] * x[j];
    y[i] = sum;
}

extern "C" void gemv(int m, int n, const double *A, const double *x, double *y) {
    if (m <= 0) return;
    double *dA, *dx, *dy;
    cudaMalloc(&dA, (size_t)m * n * sizeof(double));
    cudaMalloc(&dx, n * sizeof(double));
    cudaMalloc(&dy, m * sizeof(double));
    cudaMemcpy(dA, A, (size_t)m * n * sizeof(double), cudaMemcpyHostToDevice);
    cudaMemcpy(dx, x, n * sizeof(double), cudaMemcpyHostToDevice);
    gemv_kernel<<<(m + 255) / 256, 256>>>(m, n, dA, dx, dy);
    cudaMemcpy(y, dy, m * sizeof(double), cudaMemcpyDeviceToHost);
    cudaFree(dy);
    cudaFree(dx);
    cudaFree(dA);
}

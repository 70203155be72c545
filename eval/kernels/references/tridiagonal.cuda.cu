#include <cuda_runtime.h>

/* One thread for each system. */
__global__ void thomas(int systems, int n, const double *lower, const double *diagonal, const double *upper, const double *rhs, double *x, double *factor) {
    const int s = blockIdx.x * blockDim.x + threadIdx.x;
    if (s >= systems) return;
    const size_t at = (size_t)s * n;
    double pivot = diagonal[at], value = rhs[at] / pivot;
    x[at] = value;
    for (int i = 1; i < n; i++) {
        const double f = upper[at + i - 1] / pivot;
        factor[at + i - 1] = f;
        pivot = diagonal[at + i] - lower[at + i] * f;
        value = (rhs[at + i] - lower[at + i] * value) / pivot;
        x[at + i] = value;
    }
    for (int i = n - 2; i >= 0; i--) {
        value = x[at + i] - factor[at + i] * value;
        x[at + i] = value;
    }
}

extern "C" void tridiagonal(int systems, int n, const double *lower, const double *diagonal, const double *upper, const double *rhs, double *x) {
    if (systems <= 0) return;
    const size_t bytes = (size_t)systems * n * sizeof(double);
    const double *host[4] = {lower, diagonal, upper, rhs};
    double *device[4], *dx, *factor;
    for (int k = 0; k < 4; k++) {
        cudaMalloc(&device[k], bytes);
        cudaMemcpy(device[k], host[k], bytes, cudaMemcpyHostToDevice);
    }
    cudaMalloc(&dx, bytes);
    cudaMalloc(&factor, bytes);
    thomas<<<(systems + 63) / 64, 64>>>(systems, n, device[0], device[1], device[2], device[3], dx, factor);
    cudaMemcpy(x, dx, bytes, cudaMemcpyDeviceToHost);
    cudaFree(factor);
    cudaFree(dx);
    for (int k = 0; k < 4; k++) cudaFree(device[k]);
}

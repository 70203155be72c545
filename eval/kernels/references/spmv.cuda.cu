#include <cuda_runtime.h>

__global__ void spmv_kernel(int n, const int *row_ptr, const int *col, const double *val, const double *x, double *y) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    double sum = 0.0;
    for (int e = row_ptr[i]; e < row_ptr[i + 1]; e++) sum += val[e] * x[col[e]];
    y[i] = sum;
}

template <typename T>
static T *to_device(const T *host, size_t count) {
    T *device;
    cudaMalloc(&device, (count + 1) * sizeof(T));
    cudaMemcpy(device, host, count * sizeof(T), cudaMemcpyHostToDevice);
    return device;
}

extern "C" void spmv(int n, const int *row_ptr, const int *col, const double *val, const double *x, double *y) {
    if (n <= 0) return;
    int *d_row_ptr = to_device(row_ptr, n + 1), *d_col = to_device(col, row_ptr[n]);
    double *d_val = to_device(val, row_ptr[n]), *dx = to_device(x, n), *dy = to_device(y, n);
    spmv_kernel<<<(n + 255) / 256, 256>>>(n, d_row_ptr, d_col, d_val, dx, dy);
    cudaMemcpy(y, dy, n * sizeof(double), cudaMemcpyDeviceToHost);
    cudaFree(dy);
    cudaFree(dx);
    cudaFree(d_val);
    cudaFree(d_col);
    cudaFree(d_row_ptr);
}

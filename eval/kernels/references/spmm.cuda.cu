#include <cuda_runtime.h>

__global__ void spmm_kernel(int m, int k, const int *row_ptr, const int *col, const float *val, const float *X, float *Y) {
    const int c = blockIdx.x * blockDim.x + threadIdx.x;
    const int i = blockIdx.y * blockDim.y + threadIdx.y;
    if (i >= m || c >= k) return;
    float sum = 0.0f;
    for (int e = row_ptr[i]; e < row_ptr[i + 1]; e++) sum += val[e] * X[(size_t)col[e] * k + c];
    Y[(size_t)i * k + c] = sum;
}

template <typename T>
static T *copied(const T *host, size_t count) {
    T *device = nullptr;
    if (count == 0) return device;
    cudaMalloc(&device, count * sizeof(T));
    cudaMemcpy(device, host, count * sizeof(T), cudaMemcpyHostToDevice);
    return device;
}

extern "C" void spmm(int m, int n, int k, const int *row_ptr, const int *col, const float *val, const float *X, float *Y) {
    if (m <= 0 || k <= 0) return;
    int *d_row_ptr = copied(row_ptr, m + 1), *d_col = copied(col, row_ptr[m]);
    float *d_val = copied(val, row_ptr[m]), *dX = copied(X, (size_t)n * k), *dY;
    cudaMalloc(&dY, (size_t)m * k * sizeof(float));
    const dim3 block(16, 16), grid((k + 15) / 16, (m + 15) / 16);
    spmm_kernel<<<grid, block>>>(m, k, d_row_ptr, d_col, d_val, dX, dY);
    cudaMemcpy(Y, dY, (size_t)m * k * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(dY);
    cudaFree(dX);
    cudaFree(d_val);
    cudaFree(d_col);
    cudaFree(d_row_ptr);
}

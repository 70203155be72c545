#include <cuda_runtime.h>

#include <cmath>

__global__ void spmv_kernel(int n, const int *row_ptr, const int *col, const double *val, const double *p, double *q) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    double sum = 0.0;
    for (int e = row_ptr[i]; e < row_ptr[i + 1]; e++) sum += val[e] * p[col[e]];
    q[i] = sum;
}

/* y = a x + c y */
__global__ void update_kernel(int n, double a, const double *x, double c, double *y) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) y[i] = a * x[i] + c * y[i];
}

/* One block, so that the sum has the same order in every run. */
__global__ void dot_kernel(int n, const double *x, const double *y, double *result) {
    __shared__ double part[256];
    double sum = 0.0;
    for (int i = threadIdx.x; i < n; i += 256) sum += x[i] * y[i];
    part[threadIdx.x] = sum;
    __syncthreads();
    for (int half = 128; half > 0; half /= 2) {
        if (threadIdx.x < half) part[threadIdx.x] += part[threadIdx.x + half];
        __syncthreads();
    }
    if (threadIdx.x == 0) *result = part[0];
}

template <typename T>
static T *to_device(const T *host, size_t count) {
    T *device;
    cudaMalloc(&device, (count + 1) * sizeof(T));
    cudaMemcpy(device, host, count * sizeof(T), cudaMemcpyHostToDevice);
    return device;
}

static double dot(int n, const double *x, const double *y, double *scratch) {
    double result;
    dot_kernel<<<1, 256>>>(n, x, y, scratch);
    cudaMemcpy(&result, scratch, sizeof result, cudaMemcpyDeviceToHost);
    return result;
}

extern "C" void cg(int n, const int *row_ptr, const int *col, const double *val, const double *b, double *x, int max_iterations, double tolerance) {
    if (n <= 0) return;
    const int blocks = (n + 255) / 256;
    int *d_row_ptr = to_device(row_ptr, n + 1), *d_col = to_device(col, row_ptr[n]);
    double *d_val = to_device(val, row_ptr[n]), *dx = to_device(x, n), *r = to_device(b, n), *q = to_device(b, n), *scratch = to_device(b, 1);
    const double limit = tolerance * std::sqrt(dot(n, r, r, scratch));
    spmv_kernel<<<blocks, 256>>>(n, d_row_ptr, d_col, d_val, dx, q);
    update_kernel<<<blocks, 256>>>(n, -1.0, q, 1.0, r);
    double *p = to_device(b, n);
    cudaMemcpy(p, r, n * sizeof(double), cudaMemcpyDeviceToDevice);
    double rho = dot(n, r, r, scratch);
    for (int step = 0; step < max_iterations && std::sqrt(rho) > limit; step++) {
        spmv_kernel<<<blocks, 256>>>(n, d_row_ptr, d_col, d_val, p, q);
        const double alpha = rho / dot(n, p, q, scratch);
        update_kernel<<<blocks, 256>>>(n, alpha, p, 1.0, dx);
        update_kernel<<<blocks, 256>>>(n, -alpha, q, 1.0, r);
        const double next = dot(n, r, r, scratch);
        update_kernel<<<blocks, 256>>>(n, 1.0, r, next / rho, p);
        rho = next;
    }
    cudaMemcpy(x, dx, n * sizeof(double), cudaMemcpyDeviceToHost);
    cudaFree(p);
    cudaFree(scratch);
    cudaFree(q);
    cudaFree(r);
    cudaFree(dx);
    cudaFree(d_val);
    cudaFree(d_col);
    cudaFree(d_row_ptr);
}

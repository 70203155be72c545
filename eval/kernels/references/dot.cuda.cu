#include <cuda_runtime.h>

#include <vector>

constexpr int THREADS = 256;

/* Every block adds up its share in shared memory and leaves one partial sum. */
__global__ void partial_dot(int n, const double *x, const double *y, double *partial) {
    __shared__ double cache[THREADS];
    double sum = 0.0;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) sum += x[i] * y[i];
    cache[threadIdx.x] = sum;
    __syncthreads();
    for (unsigned int stride = THREADS / 2; stride > 0; stride >>= 1) {
        if (threadIdx.x < stride) cache[threadIdx.x] += cache[threadIdx.x + stride];
        __syncthreads();
    }
    if (threadIdx.x == 0) partial[blockIdx.x] = cache[0];
}

extern "C" double dot(int n, const double *x, const double *y) {
    if (n <= 0) return 0.0;
    const int wanted = (n + THREADS - 1) / THREADS, blocks = wanted < 128 ? wanted : 128;
    const size_t bytes = n * sizeof(double);
    double *dx, *dy, *dpartial;
    cudaMalloc(&dx, bytes);
    cudaMalloc(&dy, bytes);
    cudaMalloc(&dpartial, blocks * sizeof(double));
    cudaMemcpy(dx, x, bytes, cudaMemcpyHostToDevice);
    cudaMemcpy(dy, y, bytes, cudaMemcpyHostToDevice);
    partial_dot<<<blocks, THREADS>>>(n, dx, dy, dpartial);
    std::vector<double> partial(blocks);
    cudaMemcpy(partial.data(), dpartial, blocks * sizeof(double), cudaMemcpyDeviceToHost);
    cudaFree(dx);
    cudaFree(dy);
    cudaFree(dpartial);
    double sum = 0.0;
    for (double part : partial) sum += part;
    return sum;
}

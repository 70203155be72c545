#include <cuda_runtime.h>

#define PER_THREAD 8
#define THREADS 64

__device__ int merge_path(int diagonal, int m, int n, const double *a, const double *b) {
    int lo = max(0, diagonal - n), hi = min(diagonal, m);
    while (lo < hi) {
        const int middle = (lo + hi) >> 1;
        if (a[middle] <= b[diagonal - 1 - middle])
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo;
}

/* Every thread merges a few elements in sequence from where the merge path crosses its diagonal. */
__global__ void merge_kernel(int m, int n, const double *a, const double *b, double *c, int *source) {
    const int begin = (blockIdx.x * blockDim.x + threadIdx.x) * PER_THREAD;
    if (begin >= m + n) return;
    const int end = min(begin + PER_THREAD, m + n);
    int i = merge_path(begin, m, n, a, b), j = begin - i;
    for (int k = begin; k < end; k++) {
        if (j >= n || (i < m && a[i] <= b[j])) {
            c[k] = a[i];
            source[k] = i++;
        } else {
            c[k] = b[j];
            source[k] = m + j++;
        }
    }
}

extern "C" void merge_sorted(int m, int n, const double *a, const double *b, double *c, int *source) {
    const int total = m + n;
    if (total <= 0) return;
    double *d_in, *d_out;
    int *d_source;
    cudaMalloc(&d_in, total * sizeof(double));
    cudaMalloc(&d_out, total * sizeof(double));
    cudaMalloc(&d_source, total * sizeof(int));
    cudaMemcpy(d_in, a, m * sizeof(double), cudaMemcpyHostToDevice);
    cudaMemcpy(d_in + m, b, n * sizeof(double), cudaMemcpyHostToDevice);
    const int per_block = PER_THREAD * THREADS;
    merge_kernel<<<(total + per_block - 1) / per_block, THREADS>>>(m, n, d_in, d_in + m, d_out, d_source);
    cudaMemcpy(c, d_out, total * sizeof(double), cudaMemcpyDeviceToHost);
    cudaMemcpy(source, d_source, total * sizeof(int), cudaMemcpyDeviceToHost);
    cudaFree(d_source);
    cudaFree(d_out);
    cudaFree(d_in);
}

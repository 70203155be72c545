#include <cuda_runtime.h>

#include <utility>

__global__ void set_all(int n, int value, int *x) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) x[i] = value;
}

/* A vertex enters the next frontier once, by the thread that changes its level. */
__global__ void expand(int size, const int *frontier, const int *row_ptr, const int *col, int depth, int *level, int *next, int *next_size) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= size) return;
    const int v = frontier[i];
    for (int e = row_ptr[v]; e < row_ptr[v + 1]; e++) {
        const int w = col[e];
        if (atomicCAS(&level[w], -1, depth) == -1) next[atomicAdd(next_size, 1)] = w;
    }
}

extern "C" void bfs_levels(int n, const int *row_ptr, const int *col, int source, int *level) {
    const int edges = row_ptr[n], threads = 128, zero = 0;
    int *d_row_ptr, *d_col, *d_level, *frontier, *next, *d_size;
    cudaMalloc(&d_row_ptr, (n + 1) * sizeof(int));
    cudaMalloc(&d_col, (edges + 1) * sizeof(int));
    cudaMalloc(&d_level, n * sizeof(int));
    cudaMalloc(&frontier, n * sizeof(int));
    cudaMalloc(&next, n * sizeof(int));
    cudaMalloc(&d_size, sizeof(int));
    cudaMemcpy(d_row_ptr, row_ptr, (n + 1) * sizeof(int), cudaMemcpyHostToDevice);
    cudaMemcpy(d_col, col, edges * sizeof(int), cudaMemcpyHostToDevice);
    set_all<<<(n + threads - 1) / threads, threads>>>(n, -1, d_level);
    cudaMemcpy(d_level + source, &zero, sizeof(int), cudaMemcpyHostToDevice);
    cudaMemcpy(frontier, &source, sizeof(int), cudaMemcpyHostToDevice);
    int size = 1;
    for (int depth = 1; size > 0; depth++) {
        cudaMemcpy(d_size, &zero, sizeof(int), cudaMemcpyHostToDevice);
        expand<<<(size + threads - 1) / threads, threads>>>(size, frontier, d_row_ptr, d_col, depth, d_level, next, d_size);
        cudaMemcpy(&size, d_size, sizeof(int), cudaMemcpyDeviceToHost);
        std::swap(frontier, next);
    }
    cudaMemcpy(level, d_level, n * sizeof(int), cudaMemcpyDeviceToHost);
    cudaFree(d_size);
    cudaFree(next);
    cudaFree(frontier);
    cudaFree(d_level);
    cudaFree(d_col);
    cudaFree(d_row_ptr);
}

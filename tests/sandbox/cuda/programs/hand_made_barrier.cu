// A barrier of the grid from an atomic counter and a volatile generation.
#include <cstdio>

__device__ volatile int generation;
__device__ int arrived;
__device__ void barrier(int blocks)
{
    __syncthreads();
    if (threadIdx.x == 0) {
        int g = generation;
        __threadfence();
        if (atomicAdd(&arrived, 1) == blocks - 1) {
            arrived = 0;
            __threadfence();
            generation = g + 1;
        } else
            while (generation == g) {
            }
        __threadfence();
    }
    __syncthreads();
}

__global__ void reverse(int *v)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x, n = gridDim.x * blockDim.x;
    v[i] = i;
    barrier(gridDim.x);
    int x = v[n - 1 - i];
    barrier(gridDim.x);
    v[i] = x;
}

int main()
{
    int *v, h[128];
    cudaMalloc(&v, 512);
    reverse<<<4, 32>>>(v);
    cudaMemcpy(h, v, 512, cudaMemcpyDeviceToHost);
    printf("%s\n", h[0] == 127 ? "ok hand made barrier" : "WRONG");
}

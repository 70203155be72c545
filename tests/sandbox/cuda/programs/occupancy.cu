// The occupancy calculator chooses a block size that then gives a right result.
#include <cstdio>

__global__ void square(int *array, int n)
{
    int idx = threadIdx.x + blockIdx.x * blockDim.x;
    if (idx < n) array[idx] *= array[idx];
}

__global__ void with_shared(float *v)
{
    extern __shared__ float s[];
    s[threadIdx.x] = threadIdx.x;
    __syncthreads();
    v[threadIdx.x] = s[blockDim.x - 1 - threadIdx.x];
}

int main()
{
    const int n = 1000;
    int grid_min = 0, block = 0, active = 0, limited = 0, h[n], *d;
    cudaOccupancyMaxPotentialBlockSize(&grid_min, &block, square, 0, n);
    if (grid_min < 1 || block < 32 || block > 1024 || block % 32) return printf("odd block size %d\n", block), 1;
    cudaOccupancyMaxActiveBlocksPerMultiprocessor(&active, square, block, 0);
    cudaOccupancyMaxActiveBlocksPerMultiprocessor(&limited, with_shared, 128, 40 * 1024);
    cudaDeviceProp prop;
    cudaGetDeviceProperties(&prop, 0);
    if (active < 1 || active * block > prop.maxThreadsPerMultiProcessor || limited < 1 || limited > 8) return printf("%d %d\n", active, limited), 2;
    for (int i = 0; i < n; i++) h[i] = i;
    cudaMalloc(&d, sizeof h);
    cudaMemcpy(d, h, sizeof h, cudaMemcpyHostToDevice);
    square<<<(n + block - 1) / block, block>>>(d, n);
    cudaMemcpy(h, d, sizeof h, cudaMemcpyDeviceToHost);
    for (int i = 0; i < n; i++)
        if (h[i] != i * i) return 3;
    with_shared<<<1, 128, 128 * sizeof(float)>>>((float *)d);
    if (cudaDeviceSynchronize() != cudaSuccess) return 4;
    cudaFree(d);
    printf("ok occupancy\n");
    return 0;
}

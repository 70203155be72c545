// Warps take numbers from a counter and return when none is left.
#include <cstdio>

__device__ int next;
__global__ void work(int *o, int n)
{
    int lane = threadIdx.x % 32;
    while (true) {
        int j = 0;
        if (lane == 0) j = atomicAdd(&next, 1);
        j = __shfl_sync(0xffffffff, j, 0);
        if (j >= n) return;
        o[j * 32 + lane] = j;
    }
}

int main()
{
    int *o, h[32 * 50];
    cudaMalloc(&o, sizeof h);
    work<<<2, 128>>>(o, 50);
    cudaMemcpy(h, o, sizeof h, cudaMemcpyDeviceToHost);
    printf("%s\n", h[1599] == 49 ? "ok persistent warps" : "WRONG");
}

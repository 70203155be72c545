// Blocks wait for the one before them by reading a volatile flag, in whatever order they run.
#include <cstdio>

__device__ volatile int flag[32], sum[32];
__global__ void scan(int *o)
{
    int b = blockIdx.x;
    if (threadIdx.x) return;
    int p = 0;
    if (b) {
        while (flag[b - 1] == 0) {
        }
        __threadfence();
        p = sum[b - 1];
    }
    sum[b] = p + b;
    __threadfence();
    flag[b] = 1;
    o[b] = p;
}

int main()
{
    int *o, h[32];
    cudaMalloc(&o, 128);
    scan<<<32, 64>>>(o);
    cudaMemcpy(h, o, 128, cudaMemcpyDeviceToHost);
    printf("%s\n", h[31] == 465 ? "ok lookback volatile" : "WRONG");
}

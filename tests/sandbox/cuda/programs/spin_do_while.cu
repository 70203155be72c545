// Blocks that wait in a do loop on a volatile flag.
#include <cstdio>

__device__ int flag[16];
__global__ void chain(int *o)
{
    int b = blockIdx.x;
    if (threadIdx.x == 0) {
        volatile int *f = flag;
        int v = 1;
        if (b) do {
                v = f[b - 1];
            } while (v == 0);
        f[b] = v + 1;
        o[b] = v;
    }
}

int main()
{
    int *o, h[16];
    cudaMalloc(&o, 64);
    chain<<<16, 32>>>(o);
    cudaMemcpy(h, o, 64, cudaMemcpyDeviceToHost);
    printf("%s\n", h[15] == 16 ? "ok spin do while" : "WRONG");
}

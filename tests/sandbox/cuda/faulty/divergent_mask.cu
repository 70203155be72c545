// fault: kind=divergent_barrier check=none line=9 other=11 kernel=halves
// Both halves of the warp name all its lanes as partners, and come to different calls.
#include <cstdio>

__global__ void halves(int *out)
{
    int lane = threadIdx.x, v = lane;
    if (lane < 16)
        v = __shfl_xor_sync(0xffffffff, v, 1);
    else
        v += __ballot_sync(0xffffffff, v & 1);
    out[lane] = v;
}

int main()
{
    int h[32], *d;
    cudaMalloc(&d, sizeof h);
    halves<<<1, 32>>>(d);
    cudaMemcpy(h, d, sizeof h, cudaMemcpyDeviceToHost);
    printf("%d\n", h[0]);
    cudaFree(d);
}

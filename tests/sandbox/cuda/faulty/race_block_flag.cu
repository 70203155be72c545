// fault: kind=race check=race line=8 other=9 kernel=pass
// A value goes from block to block without any synchronisation between them.
#include <cstdio>

__global__ void pass(int *chain)
{
    if (threadIdx.x == 0) {
        int before = blockIdx.x == 0 ? 0 : chain[blockIdx.x - 1];
        chain[blockIdx.x] = before + 1;
    }
}

int main()
{
    int h[16] = {0}, *d;
    cudaMalloc(&d, sizeof h);
    cudaMemcpy(d, h, sizeof h, cudaMemcpyHostToDevice);
    pass<<<16, 32>>>(d);
    cudaMemcpy(h, d, sizeof h, cudaMemcpyDeviceToHost);
    printf("%d\n", h[15]);
    cudaFree(d);
}

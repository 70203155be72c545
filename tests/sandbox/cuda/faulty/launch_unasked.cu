// fault: kind=launch_failed check=address
// A launch of too many threads is refused, and nobody asks.
#include <cstdio>

__global__ void fill(int *v)
{
    v[threadIdx.x] = 1;
}

int main()
{
    int *v, h[2048];
    cudaMalloc(&v, sizeof h);
    fill<<<1, 2048>>>(v);
    cudaMemcpy(h, v, sizeof h, cudaMemcpyDeviceToHost);
    printf("%d\n", h[2000]);
}

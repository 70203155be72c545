// fault: kind=out_of_bounds check=address line=10 kernel=count
#include <cstdio>

__device__ int tally[8];
__device__ int other[8];

__global__ void count(const unsigned *v, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) atomicAdd(tally + __popc(v[i]), 1);
}

int main()
{
    const int n = 64;
    unsigned h[n], *d;
    for (int i = 0; i < n; i++) h[i] = i == 63 ? 0x1ff : i & 7;
    cudaMalloc(&d, sizeof h);
    cudaMemcpy(d, h, sizeof h, cudaMemcpyHostToDevice);
    count<<<2, 32>>>(d, n);
    int t[8];
    cudaMemcpyFromSymbol(t, tally, sizeof t);
    printf("%d\n", t[3]);
    cudaFree(d);
}

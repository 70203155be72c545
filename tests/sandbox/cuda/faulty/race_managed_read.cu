// fault: kind=race check=race line=7 other=15
// The host reads managed memory before it has waited.
#include <cstdio>

__global__ void a(int *v)
{
    v[threadIdx.x] = 1;
}

int main()
{
    int *v;
    cudaMallocManaged(&v, 128);
    a<<<1, 32>>>(v);
    printf("%d\n", v[3]);
    cudaDeviceSynchronize();
}

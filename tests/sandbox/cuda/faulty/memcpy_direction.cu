// fault: kind=bad_copy check=address line=14
// The direction of a copy is the wrong one.
#include <cstdio>

__global__ void increment(int *v)
{
    v[threadIdx.x] += 1;
}

int main()
{
    int h[32] = {}, *d;
    cudaMalloc(&d, 128);
    cudaMemcpy(d, h, 128, cudaMemcpyDeviceToHost);
    increment<<<1, 32>>>(d);
    cudaDeviceSynchronize();
}

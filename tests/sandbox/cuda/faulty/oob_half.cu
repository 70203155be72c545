// fault: kind=out_of_bounds check=address line=8 kernel=h2
// A vector of 16-bit numbers gets one more.
#include <cuda_fp16.h>

__global__ void h2(__half *a, int n)
{
    int i = threadIdx.x;
    if (i <= n) a[i] = __float2half(1.0f);
}

int main()
{
    __half *a;
    cudaMalloc(&a, 31 * 2);
    h2<<<1, 64>>>(a, 31);
    cudaDeviceSynchronize();
}

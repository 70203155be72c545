// fault: kind=uninitialised check=address line=16
// The wrong buffer is copied back, which nobody has written.
#include <cstdio>

__global__ void ones(float *a)
{
    a[threadIdx.x] = 1;
}

int main()
{
    float *a, *b, h[32];
    cudaMalloc(&a, 128);
    cudaMalloc(&b, 128);
    ones<<<1, 32>>>(a);
    cudaMemcpy(h, b, 128, cudaMemcpyDeviceToHost);
    printf("%f\n", h[3]);
}

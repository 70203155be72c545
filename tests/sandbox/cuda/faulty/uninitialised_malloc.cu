// fault: kind=uninitialised check=address line=8 kernel=accumulate
// The sums are never set to zero.
#include <cstdio>

__global__ void accumulate(const float *v, float *sums, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) sums[i] += v[i];
}

int main()
{
    const int n = 100;
    float h[n], *v, *sums;
    for (int i = 0; i < n; i++) h[i] = i;
    cudaMalloc(&v, sizeof h);
    cudaMalloc(&sums, sizeof h);
    cudaMemcpy(v, h, sizeof h, cudaMemcpyHostToDevice);
    accumulate<<<4, 32>>>(v, sums, n);
    accumulate<<<4, 32>>>(v, sums, n);
    cudaMemcpy(h, sums, sizeof h, cudaMemcpyDeviceToHost);
    printf("%f\n", h[3]);
    cudaFree(v);
    cudaFree(sums);
}

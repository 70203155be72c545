// fault: kind=race check=race line=8 other=8 kernel=sum
// All threads add to one element without atomics.
#include <cstdio>

__global__ void sum(const float *v, float *total, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) *total += v[i];
}

int main()
{
    const int n = 1000;
    float h[n], *v, *total, t = 0;
    for (int i = 0; i < n; i++) h[i] = 1;
    cudaMalloc(&v, sizeof h);
    cudaMalloc(&total, sizeof t);
    cudaMemcpy(v, h, sizeof h, cudaMemcpyHostToDevice);
    cudaMemcpy(total, &t, sizeof t, cudaMemcpyHostToDevice);
    sum<<<4, 256>>>(v, total, n);
    cudaMemcpy(&t, total, sizeof t, cudaMemcpyDeviceToHost);
    printf("%f\n", t);
    cudaFree(v), cudaFree(total);
}

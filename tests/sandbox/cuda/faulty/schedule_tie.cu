// fault: kind=schedule check=none schedules=4
// Which of two equal values comes first decides.
#include <cstdio>

__global__ void largest(const int *v, int *best, int *at)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (atomicMax(best, v[i]) < v[i]) atomicExch(at, i);
}

int main()
{
    int h[256], *v, *b, *a;
    for (int i = 0; i < 256; ++i) h[i] = i % 7;
    cudaMalloc(&v, sizeof h);
    cudaMemcpy(v, h, sizeof h, cudaMemcpyHostToDevice);
    cudaMalloc(&b, 4);
    cudaMalloc(&a, 4);
    cudaMemset(b, 0, 4);
    cudaMemset(a, 0, 4);
    largest<<<4, 64>>>(v, b, a);
    cudaMemcpy(h, a, 4, cudaMemcpyDeviceToHost);
    printf("%d\n", h[0]);
}

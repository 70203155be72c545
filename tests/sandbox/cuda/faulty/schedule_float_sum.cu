// fault: kind=schedule check=none schedules=4
// Atomic additions of floats of very different sizes: the sum depends on their order.
#include <cstdio>

__global__ void sum(const float *v, float *total, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) atomicAdd(total, v[i]);
}

int main()
{
    const int n = 1024;
    float h[n], *v, *total, t = 0;
    for (int i = 0; i < n; i++) h[i] = i % 64 == 0 ? 1e8f : i % 64 == 32 ? -1e8f : 0.37f * i;
    cudaMalloc(&v, sizeof h);
    cudaMalloc(&total, sizeof t);
    cudaMemcpy(v, h, sizeof h, cudaMemcpyHostToDevice);
    cudaMemset(total, 0, sizeof t);
    sum<<<8, 128>>>(v, total, n);
    cudaMemcpy(&t, total, sizeof t, cudaMemcpyDeviceToHost);
    printf("%.3f\n", t);
    cudaFree(v), cudaFree(total);
}

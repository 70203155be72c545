// fault: kind=uninitialised check=address line=8 kernel=count_even
#include <cstdio>

__global__ void count_even(const int *v, int n, int *count)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n && v[i] % 2 == 0)
        atomicAdd(count, 1);
}

int main()
{
    const int n = 100;
    int h[n], *v, *count, c;
    for (int i = 0; i < n; i++) h[i] = i;
    cudaMalloc(&v, sizeof h);
    cudaMalloc(&count, sizeof(int));
    cudaMemcpy(v, h, sizeof h, cudaMemcpyHostToDevice);
    count_even<<<4, 32>>>(v, n, count);
    cudaMemcpy(&c, count, sizeof c, cudaMemcpyDeviceToHost);
    printf("%d\n", c);
    cudaFree(v), cudaFree(count);
}

// fault: kind=host_access check=none line=14
#include <cstdio>

__global__ void iota(int *v) { v[threadIdx.x] = threadIdx.x; }

int main()
{
    const int n = 64;
    int *d, sum = 0;
    cudaMalloc(&d, n * sizeof(int));
    iota<<<1, n>>>(d);
    cudaDeviceSynchronize();
    for (int i = 0; i < n; i++)
        sum += d[i];
    printf("%d\n", sum);
    cudaFree(d);
    return 0;
}

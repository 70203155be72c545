// fault: kind=device_access check=address line=8 kernel=square
#include <cstdio>
#include <cstdlib>

__global__ void square(int *v, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) v[i] = v[i] * v[i];
}

int main()
{
    const int n = 100;
    int *v = (int *)malloc(n * sizeof(int));
    for (int i = 0; i < n; i++) v[i] = i;
    square<<<1, 128>>>(v, n);
    cudaDeviceSynchronize();
    printf("%d\n", v[9]);
    free(v);
    return 0;
}

// fault: kind=device_access check=address line=9 kernel=lookup
// The address of a host's global array is given to a kernel.
#include <cstdio>

int primes[8] = {2, 3, 5, 7, 11, 13, 17, 19};

__global__ void lookup(const int *table, int *out)
{
    out[threadIdx.x] = table[threadIdx.x % 8];
}

int main()
{
    int *d, h[32];
    cudaMalloc(&d, sizeof h);
    lookup<<<1, 32>>>(primes, d);
    cudaMemcpy(h, d, sizeof h, cudaMemcpyDeviceToHost);
    printf("%d\n", h[9]);
    cudaFree(d);
    return 0;
}

// fault: kind=stack_overflow check=none kernel=sieve
// A local array of two megabytes per thread.
#include <cstdio>

__global__ void sieve(int *out, int n)
{
    char composite[1 << 21];
    for (int i = 0; i < n; i++) composite[i] = 0;
    int primes = 0;
    for (int i = 2; i < n; i++) {
        if (composite[i]) continue;
        primes++;
        for (int k = 2 * i; k < n; k += i) composite[k] = 1;
    }
    out[threadIdx.x] = primes;
}

int main()
{
    int *d, h;
    cudaMalloc(&d, 4 * sizeof(int));
    sieve<<<1, 4>>>(d, 1 << 19);
    printf("%s\n", cudaGetErrorString(cudaGetLastError()));
    cudaMemcpy(&h, d, sizeof h, cudaMemcpyDeviceToHost);
    printf("%d\n", h);
}

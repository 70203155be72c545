// fault: kind=wrong_result check=none
// A block of 2048 threads never runs, and nobody asks for the error.
#include <cstdio>

__global__ void iota(int *v, int n)
{
    int i = threadIdx.x;
    if (i < n) v[i] = i;
}

int main()
{
    const int n = 2048;
    static int h[n];
    int *d, errors = 0;
    cudaMalloc(&d, sizeof h);
    cudaMemset(d, 0, sizeof h);
    iota<<<1, n>>>(d, n);
    cudaMemcpy(h, d, sizeof h, cudaMemcpyDeviceToHost);
    for (int i = 0; i < n; i++) errors += h[i] != i;
    cudaFree(d);
    printf(errors ? "%d errors\n" : "ok\n", errors);
    return errors != 0;
}

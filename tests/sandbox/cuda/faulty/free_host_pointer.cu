// fault: kind=bad_free check=address line=18
#include <cstdio>
#include <cstdlib>

__global__ void add(const int *a, int *b) { b[threadIdx.x] += a[threadIdx.x]; }

int main()
{
    int *h = (int *)calloc(64, sizeof(int)), *a, *b;
    cudaMalloc(&a, 64 * sizeof(int));
    cudaMalloc(&b, 64 * sizeof(int));
    cudaMemcpy(a, h, 64 * sizeof(int), cudaMemcpyHostToDevice);
    cudaMemcpy(b, h, 64 * sizeof(int), cudaMemcpyHostToDevice);
    add<<<1, 64>>>(a, b);
    cudaMemcpy(h, b, 64 * sizeof(int), cudaMemcpyDeviceToHost);
    cudaFree(a);
    cudaFree(b);
    cudaFree(h);
    puts("done");
}

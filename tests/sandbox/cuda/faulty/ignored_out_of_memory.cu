// fault: kind=any check=none
// An allocation of 100 TB fails; the pointer that it didn't set is used all the same.
#include <cstdio>

__global__ void fill(char *v, size_t n)
{
    size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x;
    if (i < n) v[i] = 1;
}

int main()
{
    const size_t n = 100ull << 40;
    char *d = nullptr, h = 0;
    cudaMalloc(&d, n);
    fill<<<64, 256>>>(d, n);
    cudaMemcpy(&h, d, 1, cudaMemcpyDeviceToHost);
    printf("%d\n", h);
    return h != 1;
}

// fault: kind=race check=race line=9 other=11 kernel=reverse
// A barrier of the block where the grid's was meant, in a cooperative launch.
#include <cooperative_groups.h>
namespace cg = cooperative_groups;

__global__ void reverse(int *a, int *b, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    a[i] = i;
    cg::this_thread_block().sync();
    b[i] = a[n - 1 - i];
}

int main()
{
    int *a, *b, n = 128;
    cudaMalloc(&a, 512);
    cudaMalloc(&b, 512);
    void *args[] = {&a, &b, &n};
    cudaLaunchCooperativeKernel((void *)reverse, 4, 32, args);
    cudaDeviceSynchronize();
}

// fault: kind=stack_overflow check=none kernel=count
// The recursion's end is missed for negative numbers.
#include <cstdio>

__device__ __noinline__ int depth(int n, volatile int *trail)
{
    int local[16];
    for (int i = 0; i < 16; i++) local[i] = n + i;
    *trail = local[n & 15];
    return n == 0 ? 0 : 1 + depth(n - 2, trail) + local[(n + 1) & 15] * 0;
}

__global__ void count(int *out)
{
    volatile int trail = 0;
    out[threadIdx.x] = depth(threadIdx.x * 2 + (threadIdx.x == 3), &trail) + trail;
}

int main()
{
    int *d, h[8];
    cudaMalloc(&d, sizeof h);
    count<<<1, 8>>>(d);
    cudaError_t e = cudaMemcpy(h, d, sizeof h, cudaMemcpyDeviceToHost);
    printf("%s %d\n", cudaGetErrorString(e), h[2]);
    cudaFree(d);
}

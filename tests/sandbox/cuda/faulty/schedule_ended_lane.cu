// fault: kind=schedule check=none schedules=4
// Lanes that have ended are summed up with the others.
#include <cstdio>

__global__ void sum(int *o, int n)
{
    int t = threadIdx.x;
    if (t >= n) return;
    int x = 1;
    for (int d = 16; d; d /= 2) x += __shfl_down_sync(0xffffffff, x, d);
    if (t == 0) *o = x;
}

int main()
{
    int *o, h;
    cudaMalloc(&o, 4);
    sum<<<1, 32>>>(o, 20);
    cudaMemcpy(&h, o, 4, cudaMemcpyDeviceToHost);
    printf("%d\n", h);
}

// fault: kind=race check=race line=8 other=9 kernel=gather
// One block resets the counter while others already count with atomics.
#include <cstdio>

__global__ void gather(const int *v, int *count, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i == 0) *count = 0;
    if (i < n && v[i] > 10) atomicAdd(count, 1);
}

int main()
{
    int h[400], *v, *count, c;
    for (int i = 0; i < 400; i++) h[i] = i % 21;
    cudaMalloc(&v, sizeof h);
    cudaMalloc(&count, sizeof c);
    cudaMemcpy(v, h, sizeof h, cudaMemcpyHostToDevice);
    cudaMemset(count, 0, sizeof c);
    gather<<<4, 100>>>(v, count, 400);
    cudaMemcpy(&c, count, sizeof c, cudaMemcpyDeviceToHost);
    printf("%d\n", c);
    cudaFree(v), cudaFree(count);
}

// fault: kind=schedule check=none schedules=4
// The order of the output depends on which thread takes its ticket first.
#include <cstdio>

__global__ void compact(const int *v, int *out, int *used, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n && v[i] % 3 == 0) out[atomicAdd(used, 1)] = v[i];
}

int main()
{
    const int n = 300;
    int h[n], *v, *out, *used, count;
    for (int i = 0; i < n; i++) h[i] = i * 7 % 100;
    cudaMalloc(&v, sizeof h), cudaMalloc(&out, sizeof h), cudaMalloc(&used, sizeof(int));
    cudaMemcpy(v, h, sizeof h, cudaMemcpyHostToDevice);
    cudaMemset(used, 0, sizeof(int));
    compact<<<5, 64>>>(v, out, used, n);
    cudaMemcpy(&count, used, sizeof count, cudaMemcpyDeviceToHost);
    cudaMemcpy(h, out, count * sizeof(int), cudaMemcpyDeviceToHost);
    for (int i = 0; i < count; i++) printf("%d ", h[i]);
    printf("\n");
    cudaFree(v), cudaFree(out), cudaFree(used);
}

// fault: kind=race check=race line=9 other=10 kernel=splat
// Each thread writes two cells, and neighbours share one.
#include <cstdio>

__global__ void splat(const int *v, int *out, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n - 1) {
        out[i] = v[i];
        out[i + 1] = v[i] + 1;
    }
}

int main()
{
    int h[256], *v, *out;
    for (int i = 0; i < 256; i++) h[i] = 3 * i;
    cudaMalloc(&v, sizeof h);
    cudaMalloc(&out, sizeof h);
    cudaMemcpy(v, h, sizeof h, cudaMemcpyHostToDevice);
    splat<<<4, 64>>>(v, out, 256);
    cudaMemcpy(h, out, sizeof h, cudaMemcpyDeviceToHost);
    printf("%d\n", h[10]);
    cudaFree(v), cudaFree(out);
}

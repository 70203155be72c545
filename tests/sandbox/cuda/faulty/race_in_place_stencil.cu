// fault: kind=race check=race line=9 other=9 kernel=relax
// A stencil in place: a thread reads its neighbour's cell while the neighbour writes it.
#include <cstdio>

__global__ void relax(float *v, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i > 0 && i < n - 1)
        v[i] = 0.5f * (v[i - 1] + v[i + 1]);
}

int main()
{
    const int n = 512;
    float h[n] = {0}, *d;
    h[0] = h[n - 1] = 1;
    cudaMalloc(&d, sizeof h);
    cudaMemcpy(d, h, sizeof h, cudaMemcpyHostToDevice);
    for (int s = 0; s < 4; s++) relax<<<n / 128, 128>>>(d, n);
    cudaMemcpy(h, d, sizeof h, cudaMemcpyDeviceToHost);
    printf("%f\n", h[1]);
    cudaFree(d);
}

// fault: kind=out_of_bounds check=address line=14 kernel=convolve
#include <cstdio>

#define WIDTH 5

__constant__ float weights[WIDTH];

__global__ void convolve(const float *in, float *out, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i + WIDTH >= n) return;
    float sum = 0;
    for (int k = 0; k <= WIDTH; k++)
        sum += weights[k] * in[i + k];
    out[i] = sum;
}

int main()
{
    const int n = 128;
    float h[n] = {0}, w[WIDTH] = {1, 2, 3, 2, 1}, *in, *out;
    cudaMalloc(&in, sizeof h);
    cudaMalloc(&out, sizeof h);
    cudaMemcpy(in, h, sizeof h, cudaMemcpyHostToDevice);
    cudaMemset(out, 0, sizeof h);
    cudaMemcpyToSymbol(weights, w, sizeof w);
    convolve<<<2, 64>>>(in, out, n);
    cudaMemcpy(h, out, sizeof h, cudaMemcpyDeviceToHost);
    printf("%f\n", h[0]);
    cudaFree(in), cudaFree(out);
}

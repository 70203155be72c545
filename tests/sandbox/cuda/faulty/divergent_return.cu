// fault: kind=divergent_barrier check=none line=14 other=10 kernel=stencil
// Threads beyond the end wait at a barrier of their own before they return, in a block that is cut by the end.
#include <cstdio>

__global__ void stencil(const float *in, float *out, int n)
{
    __shared__ float s[64];
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) {
        __syncthreads();
        return;
    }
    s[threadIdx.x] = in[i];
    __syncthreads();
    out[i] = threadIdx.x > 0 ? s[threadIdx.x] + s[threadIdx.x - 1] : s[0];
}

int main()
{
    const int n = 100;
    float h[n] = {0}, *in, *out;
    cudaMalloc(&in, sizeof h);
    cudaMalloc(&out, sizeof h);
    cudaMemcpy(in, h, sizeof h, cudaMemcpyHostToDevice);
    stencil<<<2, 64>>>(in, out, n);
    cudaMemcpy(h, out, sizeof h, cudaMemcpyDeviceToHost);
    printf("%f\n", h[0]);
    cudaFree(in), cudaFree(out);
}

// fault: kind=out_of_bounds check=address line=8 kernel=smooth
#include <cstdio>

__global__ void smooth(const float *in, float *out, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n - 1)
        out[i] = (in[i - 1] + in[i] + in[i + 1]) / 3;
}

int main()
{
    const int n = 256;
    float *in, *out;
    cudaMalloc(&in, n * sizeof(float));
    cudaMalloc(&out, n * sizeof(float));
    cudaMemset(in, 0, n * sizeof(float));
    smooth<<<n / 64, 64>>>(in, out, n);
    if (cudaDeviceSynchronize() != cudaSuccess) return 1;
    puts("smoothed");
    return 0;
}

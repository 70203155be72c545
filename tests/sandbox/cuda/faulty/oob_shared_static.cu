// fault: kind=out_of_bounds check=address line=12 kernel=halo
// The halo's cells were forgotten in the size of the shared array.
#include <cstdio>

#define BLOCK 64
#define R 2

__global__ void halo(const float *in, float *out)
{
    __shared__ float s[BLOCK];
    int g = blockIdx.x * BLOCK + threadIdx.x + R, l = threadIdx.x + R;
    s[l] = in[g];
    if (threadIdx.x < R) s[threadIdx.x] = in[g - R];
    __syncthreads();
    out[g - R] = s[l] + s[l - R];
}

int main()
{
    const int n = 4 * BLOCK;
    float h[n + 2 * R] = {1}, *in, *out;
    cudaMalloc(&in, sizeof h);
    cudaMalloc(&out, n * sizeof(float));
    cudaMemcpy(in, h, sizeof h, cudaMemcpyHostToDevice);
    halo<<<4, BLOCK>>>(in, out);
    cudaMemcpy(h, out, n * sizeof(float), cudaMemcpyDeviceToHost);
    printf("%f\n", h[0]);
    cudaFree(in), cudaFree(out);
}

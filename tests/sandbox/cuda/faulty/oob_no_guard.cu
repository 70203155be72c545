// fault: kind=out_of_bounds check=address line=7 kernel=scale
#include <cstdio>

__global__ void scale(float *v, float a, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    v[i] *= a;
}

int main()
{
    const int n = 1000;
    float *d;
    cudaMalloc(&d, n * sizeof(float));
    cudaMemset(d, 0, n * sizeof(float));
    scale<<<(n + 255) / 256, 256>>>(d, 2.0f, n);
    cudaDeviceSynchronize();
    cudaFree(d);
    printf("done\n");
    return 0;
}

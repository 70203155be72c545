// fault: kind=assert check=none line=8 kernel=normalise
#include <cassert>
#include <cstdio>

__global__ void normalise(float *v, float sum, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    assert(sum != 0.0f);
    if (i < n) v[i] /= sum;
}

int main()
{
    float h[8] = {1, -1, 2, -2, 3, -3, 4, -4}, sum = 0, *d;
    for (float x : h) sum += x;
    cudaMalloc(&d, sizeof h);
    cudaMemcpy(d, h, sizeof h, cudaMemcpyHostToDevice);
    normalise<<<1, 8>>>(d, sum, 8);
    cudaMemcpy(h, d, sizeof h, cudaMemcpyDeviceToHost);
    printf("%f\n", h[0]);
    cudaFree(d);
}

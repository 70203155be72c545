// fault: kind=use_after_free check=none line=8 kernel=update
#include <cstdio>
#include <cstdlib>

__global__ void update(float *v, const float *delta, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) v[i] += delta[i];
}

int main()
{
    const int n = 300, bytes = n * sizeof(float);
    float *h = (float *)calloc(n, sizeof(float)), *v, *delta;
    cudaMalloc(&v, bytes);
    cudaMalloc(&delta, bytes);
    cudaMemcpy(v, h, bytes, cudaMemcpyHostToDevice);
    cudaMemcpy(delta, h, bytes, cudaMemcpyHostToDevice);
    for (int step = 0; step < 3; step++) {
        update<<<3, 100>>>(v, delta, n);
        cudaDeviceSynchronize();
        cudaFree(delta);
    }
    cudaMemcpy(h, v, bytes, cudaMemcpyDeviceToHost);
    printf("%f\n", h[0]);
    cudaFree(v);
    free(h);
}

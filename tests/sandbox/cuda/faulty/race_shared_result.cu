// fault: kind=race check=race line=11 other=13 kernel=share
// One thread computes a value for its block, the others read it without waiting.
#include <cstdio>

__global__ void share(const float *v, float *out, int n)
{
    __shared__ float mean;
    if (threadIdx.x == 0) {
        float sum = 0;
        for (int i = 0; i < n; i++) sum += v[i];
        mean = sum / n;
    }
    if (threadIdx.x < n) out[threadIdx.x] = v[threadIdx.x] - mean;
}

int main()
{
    float h[64], *v, *out;
    for (int i = 0; i < 64; i++) h[i] = i;
    cudaMalloc(&v, sizeof h);
    cudaMalloc(&out, sizeof h);
    cudaMemcpy(v, h, sizeof h, cudaMemcpyHostToDevice);
    share<<<1, 64>>>(v, out, 64);
    cudaMemcpy(h, out, sizeof h, cudaMemcpyDeviceToHost);
    printf("%f\n", h[0]);
    cudaFree(v), cudaFree(out);
}

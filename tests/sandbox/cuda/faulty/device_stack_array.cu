// fault: kind=device_access check=address line=6 kernel=increment
#include <cstdio>

__global__ void increment(float *v, const float *by)
{
    v[threadIdx.x] += by[threadIdx.x];
}

int main()
{
    float v[32], by[32], *d;
    for (int i = 0; i < 32; i++) v[i] = i, by[i] = 1;
    cudaMalloc(&d, sizeof v);
    cudaMemcpy(d, v, sizeof v, cudaMemcpyHostToDevice);
    increment<<<1, 32>>>(d, by);
    cudaMemcpy(v, d, sizeof v, cudaMemcpyDeviceToHost);
    printf("%f\n", v[31]);
    cudaFree(d);
    return 0;
}

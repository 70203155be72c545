// Launches with cudaLaunchKernelEx and its configuration record.
#include <cstdio>

template <typename T>
__global__ void scale(T *v, T by, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) v[i] *= by;
}

int main()
{
    const int n = 150;
    double h[n], *d;
    for (int i = 0; i < n; i++) h[i] = i;
    cudaMalloc(&d, sizeof h);
    cudaMemcpy(d, h, sizeof h, cudaMemcpyHostToDevice);
    cudaLaunchConfig_t config = {};
    config.gridDim = dim3(5);
    config.blockDim = dim3(32);
    if (cudaLaunchKernelEx(&config, scale<double>, d, 2.5, n) != cudaSuccess) return 1;
    cudaMemcpy(h, d, sizeof h, cudaMemcpyDeviceToHost);
    double sum = 0;
    for (int i = 0; i < n; i++) {
        if (h[i] != 2.5 * i) return 2;
        sum += h[i];
    }
    cudaFree(d);
    printf("ok launch_extended %.1f\n", sum);
    return 0;
}

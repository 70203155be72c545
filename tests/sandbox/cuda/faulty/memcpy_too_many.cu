// fault: kind=out_of_bounds check=address line=18
// The size of the copy counts doubles, the allocation floats: a device refuses the copy, and nobody asks.
#include <cstdio>
#include <vector>

__global__ void touch(float *v, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) v[i] += 1;
}

int main()
{
    const int n = 1000;
    std::vector<double> h(n);
    float *d;
    cudaMalloc(&d, n * sizeof(float));
    cudaMemcpy(d, h.data(), n * sizeof(double), cudaMemcpyHostToDevice);
    touch<<<4, 256>>>(d, n);
    puts(cudaGetErrorString(cudaDeviceSynchronize()));
    cudaFree(d);
    return 0;
}

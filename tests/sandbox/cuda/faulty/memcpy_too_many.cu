// fault: kind=uninitialised check=address line=9 kernel=touch
// The size of the copy counts doubles, the allocation floats: the copy is refused, and the error ignored.
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

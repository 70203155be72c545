// fault: kind=host_access check=none line=18
// memcpy where cudaMemcpy was meant.
#include <cstdio>
#include <cstring>
#include <vector>

__global__ void doubled(float *v, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) v[i] *= 2;
}

int main()
{
    std::vector<float> h(4096, 1.5f);
    float *d;
    cudaMalloc(&d, h.size() * sizeof(float));
    memcpy(d, h.data(), h.size() * sizeof(float));
    doubled<<<32, 128>>>(d, h.size());
    cudaMemcpy(h.data(), d, h.size() * sizeof(float), cudaMemcpyDeviceToHost);
    printf("%f\n", h[0]);
    cudaFree(d);
}

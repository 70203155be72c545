// fault: kind=out_of_bounds check=none line=13 kernel=scale
// The pointer is passed before it is allocated.
#include <cstdio>

struct Field {
    float *data = nullptr;
    int n = 0;
};

__global__ void scale(Field f, float a)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < f.n) f.data[i] *= a;
}

int main()
{
    Field f, g;
    f.n = g.n = 64;
    cudaMalloc(&f.data, 64 * sizeof(float));
    cudaMemset(f.data, 0, 64 * sizeof(float));
    scale<<<1, 64>>>(f, 2);
    scale<<<1, 64>>>(g, 2);
    puts(cudaGetErrorString(cudaDeviceSynchronize()));
    cudaFree(f.data);
}

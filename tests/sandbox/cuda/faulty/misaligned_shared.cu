// fault: kind=misaligned check=address line=11 kernel=pack
// Doubles carved out of dynamic shared memory behind an odd number of ints.
#include <cstdio>

__global__ void pack(double *out, int n)
{
    extern __shared__ int keys[];
    double *values = (double *)(keys + n);
    if (threadIdx.x < n) {
        keys[threadIdx.x] = threadIdx.x;
        values[threadIdx.x] = 0.5 * threadIdx.x;
    }
    __syncthreads();
    if (threadIdx.x < n) out[threadIdx.x] = values[n - 1 - threadIdx.x] + keys[threadIdx.x];
}

int main()
{
    const int n = 33;
    double h[n], *d;
    cudaMalloc(&d, sizeof h);
    pack<<<1, 64, n * (sizeof(int) + sizeof(double))>>>(d, n);
    cudaMemcpy(h, d, sizeof h, cudaMemcpyDeviceToHost);
    printf("%f\n", h[0]);
    cudaFree(d);
}

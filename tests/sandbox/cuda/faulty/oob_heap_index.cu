// fault: kind=out_of_bounds check=address line=8 kernel=histogram
// A value of 10 falls into a bin that doesn't exist.
#include <cstdio>

__global__ void histogram(const int *v, int n, int *bins)
{
    for (int i = threadIdx.x; i < n; i += blockDim.x)
        atomicAdd(&bins[v[i]], 1);
}

int main()
{
    const int n = 200, num_bins = 10;
    int h[n], counts[num_bins], *v, *bins;
    for (int i = 0; i < n; i++) h[i] = i % 11;
    cudaMalloc(&v, sizeof h);
    cudaMalloc(&bins, sizeof counts);
    cudaMemcpy(v, h, sizeof h, cudaMemcpyHostToDevice);
    cudaMemset(bins, 0, sizeof counts);
    histogram<<<1, 64>>>(v, n, bins);
    cudaMemcpy(counts, bins, sizeof counts, cudaMemcpyDeviceToHost);
    printf("%d\n", counts[9]);
    cudaFree(v);
    cudaFree(bins);
    return 0;
}

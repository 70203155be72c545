// fault: kind=race check=race line=10 other=10 kernel=histogram
#include <cstdio>

__global__ void histogram(const unsigned char *text, int n, int *bins)
{
    __shared__ int local[16];
    if (threadIdx.x < 16) local[threadIdx.x] = 0;
    __syncthreads();
    for (int i = threadIdx.x; i < n; i += blockDim.x)
        local[text[i] % 16]++;
    __syncthreads();
    if (threadIdx.x < 16) bins[threadIdx.x] = local[threadIdx.x];
}

int main()
{
    unsigned char h[500], *d;
    int bins[16], *db;
    for (int i = 0; i < 500; i++) h[i] = i * 7;
    cudaMalloc(&d, sizeof h);
    cudaMalloc(&db, sizeof bins);
    cudaMemcpy(d, h, sizeof h, cudaMemcpyHostToDevice);
    histogram<<<1, 128>>>(d, 500, db);
    cudaMemcpy(bins, db, sizeof bins, cudaMemcpyDeviceToHost);
    printf("%d\n", bins[3]);
    cudaFree(d), cudaFree(db);
}

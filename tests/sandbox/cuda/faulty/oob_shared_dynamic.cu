// fault: kind=out_of_bounds check=address line=8 kernel=reverse
// The launch gives the number of elements where the number of bytes belongs.
#include <cstdio>

__global__ void reverse(int *v)
{
    extern __shared__ int s[];
    s[threadIdx.x] = v[threadIdx.x];
    __syncthreads();
    v[threadIdx.x] = s[blockDim.x - 1 - threadIdx.x];
}

int main()
{
    const int n = 128;
    int h[n], *d;
    for (int i = 0; i < n; i++) h[i] = i;
    cudaMalloc(&d, sizeof h);
    cudaMemcpy(d, h, sizeof h, cudaMemcpyHostToDevice);
    reverse<<<1, n, n>>>(d);
    cudaMemcpy(h, d, sizeof h, cudaMemcpyDeviceToHost);
    printf("%d\n", h[0]);
    cudaFree(d);
    return 0;
}

// fault: kind=uninitialised check=address line=12 kernel=block_sum
// Threads past the end of the data leave their element of the shared array unset.
#include <cstdio>

__global__ void block_sum(const int *v, int n, int *out)
{
    __shared__ int s[128];
    int i = blockIdx.x * 128 + threadIdx.x;
    if (i < n) s[threadIdx.x] = v[i];
    __syncthreads();
    for (int d = 64; d > 0; d /= 2) {
        if (threadIdx.x < d) s[threadIdx.x] += s[threadIdx.x + d];
        __syncthreads();
    }
    if (threadIdx.x == 0) out[blockIdx.x] = s[0];
}

int main()
{
    const int n = 200;
    int h[n], *v, *out, sums[2];
    for (int i = 0; i < n; i++) h[i] = 1;
    cudaMalloc(&v, sizeof h);
    cudaMalloc(&out, sizeof sums);
    cudaMemcpy(v, h, sizeof h, cudaMemcpyHostToDevice);
    block_sum<<<2, 128>>>(v, n, out);
    cudaMemcpy(sums, out, sizeof sums, cudaMemcpyDeviceToHost);
    printf("%d\n", sums[0] + sums[1]);
    cudaFree(v), cudaFree(out);
}

// fault: kind=divergent_barrier check=none line=11 other=14 kernel=walk
// The number of barriers that a thread passes depends on its own data; the last ones wait elsewhere.
#include <cstdio>

__global__ void walk(const int *lengths, int *out)
{
    __shared__ int s[32];
    int t = threadIdx.x, sum = 0;
    for (int k = 0; k < lengths[t]; k++) {
        s[t] = k;
        __syncthreads();
        sum += s[(t + 1) % 32];
    }
    __syncthreads();
    out[t] = sum;
}

int main()
{
    int lengths[32], *dl, *d, h[32];
    for (int i = 0; i < 32; i++) lengths[i] = i < 16 ? 3 : 4;
    cudaMalloc(&dl, sizeof lengths);
    cudaMalloc(&d, sizeof h);
    cudaMemcpy(dl, lengths, sizeof lengths, cudaMemcpyHostToDevice);
    walk<<<1, 32>>>(dl, d);
    cudaMemcpy(h, d, sizeof h, cudaMemcpyDeviceToHost);
    printf("%d\n", h[0]);
    cudaFree(dl), cudaFree(d);
}

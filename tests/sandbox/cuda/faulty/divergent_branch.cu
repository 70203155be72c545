// fault: kind=divergent_barrier check=none line=12 other=16 kernel=exchange
// Half of the block waits in a branch, the other half at the next barrier.
#include <cstdio>

__global__ void exchange(int *v)
{
    __shared__ int s[64];
    int t = threadIdx.x;
    s[t] = v[t];
    if (t < 32) {
        s[t] += 1;
        __syncthreads();
        v[t] = s[63 - t];
    } else {
        v[t] = s[63 - t];
        __syncthreads();
    }
}

int main()
{
    int h[64] = {0}, *d;
    cudaMalloc(&d, sizeof h);
    cudaMemcpy(d, h, sizeof h, cudaMemcpyHostToDevice);
    exchange<<<1, 64>>>(d);
    cudaMemcpy(h, d, sizeof h, cudaMemcpyDeviceToHost);
    printf("%d\n", h[0]);
    cudaFree(d);
}

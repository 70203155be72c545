// fault: kind=race check=race line=13 other=13 kernel=reduce
// The last warp of an old reduction relies on lockstep, which volatile doesn't give since Volta.
#include <cstdio>

__global__ void reduce(const int *in, int *out)
{
    __shared__ volatile int s[64];
    int t = threadIdx.x;
    s[t] = in[t];
    __syncthreads();
    if (t < 32) {
        for (int d = 32; d > 0; d >>= 1)
            if (t < d) s[t] = s[t] + s[t + d];
        if (t == 0) *out = s[0];
    }
}

int main()
{
    int h[64], *in, *out, sum = 0;
    for (int i = 0; i < 64; i++) h[i] = i;
    cudaMalloc(&in, sizeof h);
    cudaMalloc(&out, sizeof sum);
    cudaMemcpy(in, h, sizeof h, cudaMemcpyHostToDevice);
    reduce<<<1, 64>>>(in, out);
    cudaMemcpy(&sum, out, sizeof sum, cudaMemcpyDeviceToHost);
    printf("%d\n", sum);
    cudaFree(in), cudaFree(out);
}

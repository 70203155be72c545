// fault: kind=race check=race line=12 other=12 kernel=reduce
// No barrier between the steps of a reduction.
#include <cstdio>

__global__ void reduce(const int *in, int *out)
{
    __shared__ int s[128];
    int t = threadIdx.x;
    s[t] = in[t];
    __syncthreads();
    for (int d = 64; d > 0; d >>= 1)
        if (t < d) s[t] += s[t + d];
    if (t == 0) *out = s[0];
}

int main()
{
    int h[128], *in, *out, sum;
    for (int i = 0; i < 128; i++) h[i] = i;
    cudaMalloc(&in, sizeof h);
    cudaMalloc(&out, sizeof sum);
    cudaMemcpy(in, h, sizeof h, cudaMemcpyHostToDevice);
    reduce<<<1, 128>>>(in, out);
    cudaMemcpy(&sum, out, sizeof sum, cudaMemcpyDeviceToHost);
    printf("%d\n", sum);
    cudaFree(in), cudaFree(out);
}

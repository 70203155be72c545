// fault: kind=deadlock check=none line=9 other=12 kernel=sum
// The mask names all lanes, but only sixteen of them come to the shuffle; the others wait for the block.
#include <cstdio>

__global__ void sum(const int *v, int *out)
{
    int t = threadIdx.x, x = v[t];
    if (t < 16) {
        for (int d = 8; d > 0; d /= 2) x += __shfl_down_sync(0xffffffff, x, d);
        if (t == 0) *out = x;
    }
    __syncthreads();
}

int main()
{
    int h[32], *v, *out, s;
    for (int i = 0; i < 32; i++) h[i] = i;
    cudaMalloc(&v, sizeof h);
    cudaMalloc(&out, sizeof s);
    cudaMemcpy(v, h, sizeof h, cudaMemcpyHostToDevice);
    sum<<<1, 32>>>(v, out);
    cudaMemcpy(&s, out, sizeof s, cudaMemcpyDeviceToHost);
    printf("%d\n", s);
    cudaFree(v), cudaFree(out);
}

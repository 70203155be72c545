// The unrolled end of a reduction, with a meeting of the lanes between reads and writes.
#include <cstdio>

template <int N> __device__ void last(volatile int *s, int t)
{
    int x = s[t];
    if (N >= 64) {
        x += s[t + 32];
        __syncwarp();
        s[t] = x;
        __syncwarp();
    }
    x += s[t + 16];
    __syncwarp();
    s[t] = x;
    __syncwarp();
    x += s[t + 8];
    __syncwarp();
    s[t] = x;
    __syncwarp();
    x += s[t + 4];
    __syncwarp();
    s[t] = x;
    __syncwarp();
    x += s[t + 2];
    __syncwarp();
    s[t] = x;
    __syncwarp();
    x += s[t + 1];
    __syncwarp();
    s[t] = x;
}

__global__ void sum(const int *v, int *o)
{
    __shared__ int s[64];
    int t = threadIdx.x;
    s[t] = v[t];
    __syncthreads();
    if (t < 32) last<64>(s, t);
    if (t == 0) *o = s[0];
}

int main()
{
    int h[64], *v, *o;
    for (int i = 0; i < 64; ++i) h[i] = i;
    cudaMalloc(&v, 256);
    cudaMalloc(&o, 4);
    cudaMemcpy(v, h, 256, cudaMemcpyHostToDevice);
    sum<<<1, 64>>>(v, o);
    cudaMemcpy(h, o, 4, cudaMemcpyDeviceToHost);
    printf("%s %d\n", h[0] == 2016 ? "ok warp volatile" : "WRONG", h[0]);
}

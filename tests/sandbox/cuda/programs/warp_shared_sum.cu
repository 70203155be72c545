// A sum in shared memory within warps that meet before and after every step.
#include <cstdio>

__global__ void sum(const int *v, int *o)
{
    __shared__ int s[128];
    int t = threadIdx.x, w = t / 32, l = t % 32;
    s[t] = v[t];
    __syncwarp();
    for (int d = 16; d; d /= 2) {
        int x = l < d ? s[t + d] : 0;
        __syncwarp();
        if (l < d) s[t] += x;
        __syncwarp();
    }
    if (l == 0) o[w] = s[t];
}

int main()
{
    int h[128], *v, *o, r[4];
    for (int i = 0; i < 128; ++i) h[i] = i;
    cudaMalloc(&v, sizeof h);
    cudaMalloc(&o, 16);
    cudaMemcpy(v, h, sizeof h, cudaMemcpyHostToDevice);
    sum<<<1, 128>>>(v, o);
    cudaMemcpy(r, o, 16, cudaMemcpyDeviceToHost);
    int s = r[0] + r[1] + r[2] + r[3];
    printf("%s %d\n", s == 8128 ? "ok warp shared sum" : "WRONG", s);
}

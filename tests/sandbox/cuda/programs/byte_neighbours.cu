// Threads write neighbouring bytes and half words.
#include <cstdio>

__global__ void add(unsigned char *b, short *s)
{
    int t = threadIdx.x;
    b[t] = t;
    s[t] = t;
    __syncthreads();
    unsigned char x = b[63 - t];
    __syncthreads();
    b[t] += x;
    s[t] += s[t];
}

int main()
{
    unsigned char *b, h[64];
    short *s;
    cudaMalloc(&b, 64);
    cudaMalloc(&s, 128);
    add<<<1, 64>>>(b, s);
    cudaMemcpy(h, b, 64, cudaMemcpyDeviceToHost);
    printf("%s\n", h[5] == 63 ? "ok byte neighbours" : "WRONG");
}

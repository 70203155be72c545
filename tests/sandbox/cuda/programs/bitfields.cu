// Bit fields of a thread's own words.
#include <cstdio>

struct F {
    unsigned a : 3, b : 5, c : 24;
};
__global__ void pack(F *f)
{
    int t = threadIdx.x;
    F x;
    x.a = t & 7;
    x.b = t & 31;
    x.c = t;
    f[t] = x;
    f[t].b ^= 1;
}

int main()
{
    F *f, h[64];
    cudaMalloc(&f, sizeof h);
    cudaMemset(f, 0, sizeof h);
    pack<<<1, 64>>>(f);
    cudaMemcpy(h, f, sizeof h, cudaMemcpyDeviceToHost);
    printf("%s\n", h[9].a == 1 && h[9].b == 8 && h[63].c == 63 ? "ok bitfields" : "WRONG");
}

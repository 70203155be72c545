// Structs with padding and parts without a value are copied as wholes.
#include <cstdio>

struct P {
    int n;
    float x[4];
    char tag;
};
__global__ void make(P *v)
{
    int t = threadIdx.x;
    v[t].n = t % 4;
    for (int i = 0; i < t % 4; ++i) v[t].x[i] = i;
    v[t].tag = 'a';
}

__global__ void use(const P *v, P *w, float *o)
{
    int t = threadIdx.x;
    w[t] = v[t];
    float s = 0;
    for (int i = 0; i < w[t].n; ++i) s += w[t].x[i];
    o[t] = s;
}

int main()
{
    P *v, *w;
    float *o, h[32];
    cudaMalloc(&v, 32 * sizeof(P));
    cudaMalloc(&w, 32 * sizeof(P));
    cudaMalloc(&o, 128);
    make<<<1, 32>>>(v);
    use<<<1, 32>>>(v, w, o);
    cudaMemcpy(h, o, 128, cudaMemcpyDeviceToHost);
    P hp[32];
    cudaMemcpy(hp, w, sizeof hp, cudaMemcpyDeviceToHost);
    printf("%s\n", h[3] == 3 && hp[2].n == 2 ? "ok partial structs" : "WRONG");
}

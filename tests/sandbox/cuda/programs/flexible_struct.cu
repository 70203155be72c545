// A struct whose last array goes on behind it.
#include <cstdio>
#include <cstddef>

struct Msg {
    int n;
    float data[1];
};
__global__ void scale(Msg *m, float *o)
{
    if (threadIdx.x < m->n) o[threadIdx.x] = m->data[threadIdx.x] * 2;
}

int main()
{
    char h[4 + 64];
    *(int *)h = 16;
    for (int i = 0; i < 16; ++i) ((float *)(h + 4))[i] = i;
    Msg *m;
    float *o, r[16];
    cudaMalloc(&m, sizeof h);
    cudaMalloc(&o, 64);
    cudaMemcpy(m, h, sizeof h, cudaMemcpyHostToDevice);
    scale<<<1, 32>>>(m, o);
    cudaMemcpy(r, o, 64, cudaMemcpyDeviceToHost);
    printf("%s\n", r[15] == 30 ? "ok flexible struct" : "WRONG");
}

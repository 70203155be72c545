// Several threads write the same value.
#include <cstdio>

__global__ void mark(const int *v, int *changed, int *any, unsigned char *c)
{
    __shared__ bool found;
    int t = threadIdx.x;
    if (t == 0) found = false;
    __syncthreads();
    if (v[t] > 3) found = true;
    if (v[t] > 5) *changed = 1;
    if (v[t] > 60) c[t / 32] = 7;
    __syncthreads();
    if (t == 0 && found) atomicAdd(any, 1);
}

int main()
{
    int h[64], *v, *c, *a, r[2];
    unsigned char *u;
    for (int i = 0; i < 64; ++i) h[i] = i;
    cudaMalloc(&v, 256);
    cudaMalloc(&c, 4);
    cudaMalloc(&a, 4);
    cudaMalloc(&u, 2);
    cudaMemset(c, 0, 4);
    cudaMemset(a, 0, 4);
    cudaMemcpy(v, h, 256, cudaMemcpyHostToDevice);
    mark<<<2, 64>>>(v, c, a, u);
    cudaMemcpy(r, c, 4, cudaMemcpyDeviceToHost);
    cudaMemcpy(r + 1, a, 4, cudaMemcpyDeviceToHost);
    printf("%s\n", r[0] == 1 && r[1] == 2 ? "ok same value" : "WRONG");
}

// The host writes one half of managed memory while a kernel may work on the other.
#include <cstdio>

__global__ void add(int *v)
{
    v[threadIdx.x] += 1;
}

int main()
{
    int *v;
    cudaEvent_t e;
    cudaEventCreate(&e);
    cudaMallocManaged(&v, 256);
    for (int i = 0; i < 64; ++i) v[i] = 0;
    add<<<1, 32>>>(v);
    cudaEventRecord(e);
    for (int i = 32; i < 64; ++i) v[i] = 5;
    cudaEventSynchronize(e);
    printf("%s\n", v[0] == 1 && v[63] == 5 ? "ok managed halves" : "WRONG");
}

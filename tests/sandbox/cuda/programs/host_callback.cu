// A function of the host in a stream reads what the kernel before it wrote.
#include <cstdio>

__global__ void add(int *v)
{
    v[threadIdx.x] += 1;
}

static void look(void *p)
{
    int *v = (int *)p;
    v[32] = v[5];
}

int main()
{
    int *v;
    cudaStream_t s;
    cudaStreamCreate(&s);
    cudaMallocManaged(&v, 256);
    for (int i = 0; i < 64; ++i) v[i] = i;
    add<<<1, 32, 0, s>>>(v);
    cudaLaunchHostFunc(s, look, v);
    cudaStreamSynchronize(s);
    printf("%s\n", v[32] == 6 ? "ok host callback" : "WRONG");
}

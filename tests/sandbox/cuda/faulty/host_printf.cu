// fault: kind=host_access check=none line=21
#include <cstdio>

struct Result {
    float value;
    int index;
};

__global__ void find(Result *r)
{
    r->value = 2.5f;
    r->index = 7;
}

int main()
{
    Result *r;
    cudaMalloc(&r, sizeof(Result));
    find<<<1, 1>>>(r);
    cudaDeviceSynchronize();
    printf("%f at %d\n", r->value, r->index);
    cudaFree(r);
}

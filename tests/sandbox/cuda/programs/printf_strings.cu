// Strings of all memories of the device, printed.
#include <cstdio>

__constant__ char name[8];
__device__ const char *words[2] = {"even", "odd"};
__global__ void print(const char *d)
{
    if (threadIdx.x == 0)
        printf("%s %s %s %d %5.2f %lld %c %% %.2s %p\n", d, name, words[1], 3, 2.5, 1ll << 40, 'x', "abc",
               (void *)nullptr);
}

int main()
{
    char *d;
    cudaMalloc(&d, 8);
    cudaMemcpy(d, "device", 7, cudaMemcpyHostToDevice);
    cudaMemcpyToSymbol(name, "const", 6);
    print<<<1, 32>>>(d);
    cudaDeviceSynchronize();
    printf("ok printf strings\n");
}

// fault: kind=bad_free check=address line=18
#include <cstdio>

__global__ void clear(int *v) { v[threadIdx.x] = 0; }

static void run(int *buffer)
{
    clear<<<1, 32>>>(buffer);
    cudaDeviceSynchronize();
    cudaFree(buffer);
}

int main()
{
    int *buffer;
    cudaMalloc(&buffer, 32 * sizeof(int));
    run(buffer);
    cudaFree(buffer);
    puts("done");
    return 0;
}

// fault: kind=time_limit check=none
// A block waits for a flag that no block ever sets.
#include <cstdio>

__global__ void consumer(int *flag, int *out)
{
    if (threadIdx.x == 0) {
        while (atomicAdd(flag, 0) != 2) {}
        *out = 1;
    }
}

int main()
{
    int *flag, *out, h = 0;
    cudaMalloc(&flag, sizeof(int));
    cudaMalloc(&out, sizeof(int));
    cudaMemset(flag, 0, sizeof(int));
    consumer<<<2, 32>>>(flag, out);
    cudaMemcpy(&h, out, sizeof h, cudaMemcpyDeviceToHost);
    printf("%d\n", h);
    return 0;
}

// A warp waits for another one's flag behind fences of the block.
#include <cstdio>

__global__ void pass(int *o)
{
    __shared__ volatile int flag;
    __shared__ int data;
    int t = threadIdx.x;
    if (t == 0) flag = 0;
    __syncthreads();
    if (t == 0) {
        int done;
        do done = atomicAdd((int *)&flag, 0);
        while (!done);
        __threadfence_block();
        o[0] = data;
    }
    if (t == 32) {
        data = 5;
        __threadfence_block();
        atomicExch((int *)&flag, 1);
    }
}

int main()
{
    int *o, h;
    cudaMalloc(&o, 4);
    pass<<<1, 64>>>(o);
    cudaMemcpy(&h, o, 4, cudaMemcpyDeviceToHost);
    printf("%s\n", h == 5 ? "ok spin between warps" : "WRONG");
}

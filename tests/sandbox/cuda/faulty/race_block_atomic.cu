// fault: kind=race check=race line=5 other=5 kernel=count
// Atomics of the block count for all blocks.
__global__ void count(int *c)
{
    atomicAdd_block(c, 1);
}

int main()
{
    int *c;
    cudaMalloc(&c, 4);
    cudaMemset(c, 0, 4);
    count<<<4, 64>>>(c);
    cudaDeviceSynchronize();
}

// fault: kind=race check=race line=6 other=12 kernel=pass
// A fence of the block stands between two blocks.
__global__ void pass(int *data, int *flag, int *o)
{
    if (blockIdx.x == 0) {
        data[0] = 42;
        __threadfence_block();
        atomicExch(flag, 1);
    } else {
        while (atomicAdd(flag, 0) == 0) {
        }
        o[0] = data[0];
    }
}

int main()
{
    int *d, *o, *f;
    cudaMalloc(&d, 4);
    cudaMalloc(&o, 4);
    cudaMalloc(&f, 4);
    cudaMemset(d, 0, 4);
    cudaMemset(f, 0, 4);
    pass<<<2, 1>>>(d, f, o);
    cudaDeviceSynchronize();
}

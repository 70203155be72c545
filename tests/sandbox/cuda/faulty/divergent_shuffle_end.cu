// fault: kind=divergent_barrier check=address line=6 kernel=sum
// A shuffle of the whole warp in a branch of half of it, and nothing behind it.
__global__ void sum(int *v)
{
    int t = threadIdx.x, x = t;
    if (t < 16) x += __shfl_down_sync(0xffffffff, x, 8);
    v[t] = x;
}

int main()
{
    int *v;
    cudaMalloc(&v, 128);
    sum<<<1, 32>>>(v);
    cudaDeviceSynchronize();
}

// fault: kind=out_of_bounds check=address line=11 kernel=two
// An index of one shared array reaches into the next one.
__global__ void two(int *o)
{
    __shared__ int a[256];
    __shared__ int b[256];
    int t = threadIdx.x;
    a[t] = t;
    b[t] = -t;
    __syncthreads();
    o[t] = a[t + 256];
}

int main()
{
    int *o;
    cudaMalloc(&o, 1024);
    two<<<1, 256>>>(o);
    cudaDeviceSynchronize();
}

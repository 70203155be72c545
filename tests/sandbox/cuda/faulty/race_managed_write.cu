// fault: kind=race check=race line=5 other=15
// The host overwrites what a kernel may still read.
__global__ void a(const int *v, int *o)
{
    o[threadIdx.x] = v[threadIdx.x];
}

int main()
{
    int *v, *o;
    cudaMallocManaged(&v, 128);
    cudaMalloc(&o, 128);
    for (int i = 0; i < 32; ++i) v[i] = i;
    a<<<1, 32>>>(v, o);
    for (int i = 0; i < 32; ++i) v[i] = 2 * i;
    cudaDeviceSynchronize();
}

// fault: kind=race check=race line=5 other=10 kernel=b
// Two streams write the same memory and nothing orders them.
__global__ void a(int *v)
{
    v[threadIdx.x] = 1;
}

__global__ void b(int *v)
{
    v[threadIdx.x] += 2;
}

int main()
{
    int *v;
    cudaStream_t s, t;
    cudaStreamCreate(&s);
    cudaStreamCreate(&t);
    cudaMalloc(&v, 128);
    a<<<1, 32, 0, s>>>(v);
    b<<<1, 32, 0, t>>>(v);
    cudaDeviceSynchronize();
}

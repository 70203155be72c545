// fault: kind=race check=race line=5 other=10 kernel=b
// The event is recorded before the kernel that it should stand for.
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
    cudaEvent_t e;
    cudaEventCreate(&e);
    cudaStreamCreate(&s);
    cudaStreamCreate(&t);
    cudaMalloc(&v, 128);
    cudaEventRecord(e, s);
    a<<<1, 32, 0, s>>>(v);
    cudaStreamWaitEvent(t, e, 0);
    b<<<1, 32, 0, t>>>(v);
    cudaDeviceSynchronize();
}

// fault: kind=race check=race line=5 other=15
// A copy doesn't wait for a stream that waits for nobody.
__global__ void a(int *v)
{
    v[threadIdx.x] = 1;
}

int main()
{
    int *v, h[32];
    cudaStream_t s;
    cudaStreamCreateWithFlags(&s, cudaStreamNonBlocking);
    cudaMalloc(&v, 128);
    a<<<1, 32, 0, s>>>(v);
    cudaMemcpy(h, v, 128, cudaMemcpyDeviceToHost);
    return h[0] - 1;
}

// fault: kind=race check=race line=11 other=12
// The host overwrites the source of an asynchronous copy.
int main()
{
    int *v, *h;
    cudaStream_t s;
    cudaStreamCreate(&s);
    cudaMalloc(&v, 128);
    cudaMallocHost(&h, 128);
    h[0] = 1;
    cudaMemcpyAsync(v, h, 128, cudaMemcpyHostToDevice, s);
    h[0] = 2;
    cudaStreamSynchronize(s);
}

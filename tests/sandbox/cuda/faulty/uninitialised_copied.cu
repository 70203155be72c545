// fault: kind=uninitialised check=address line=5 kernel=use
// What is copied from memory without a value has none either.
__global__ void use(const int *v, int *o)
{
    o[threadIdx.x] = v[threadIdx.x];
}

int main()
{
    int *a, *b, *o;
    cudaMalloc(&a, 128);
    cudaMalloc(&b, 128);
    cudaMalloc(&o, 128);
    cudaMemcpy(b, a, 128, cudaMemcpyDeviceToDevice);
    use<<<1, 32>>>(b, o);
    cudaDeviceSynchronize();
}

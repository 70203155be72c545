// fault: kind=misaligned check=address line=6 kernel=pairs
// Pairs are read at any element.
__global__ void pairs(const int *v, int *o, int n)
{
    int i = threadIdx.x;
    int2 p = *reinterpret_cast<const int2 *>(v + i);
    o[i] = p.x + p.y;
}

int main()
{
    int *v, *o;
    cudaMalloc(&v, 132);
    cudaMalloc(&o, 128);
    cudaMemset(v, 0, 132);
    pairs<<<1, 32>>>(v, o, 32);
    cudaDeviceSynchronize();
}

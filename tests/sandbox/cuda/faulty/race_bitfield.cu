// fault: kind=race check=race line=8 other=9 kernel=mark
// Two bit fields share a word.
struct Flags {
    unsigned a : 4, b : 4, c : 24;
};
__global__ void mark(Flags *f)
{
    if (threadIdx.x == 0) f->a = 1;
    if (threadIdx.x == 1) f->b = 2;
}

int main()
{
    Flags *f;
    cudaMalloc(&f, 4);
    cudaMemset(f, 0, 4);
    mark<<<1, 32>>>(f);
    cudaDeviceSynchronize();
}

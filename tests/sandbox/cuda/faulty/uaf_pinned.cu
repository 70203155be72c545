// fault: kind=use_after_free check=none line=5 kernel=twice
// Pinned memory is used after it was freed.
__global__ void twice(double *v)
{
    v[threadIdx.x] *= 2;
}

int main()
{
    double *v;
    cudaHostAlloc(&v, 100 * 8, cudaHostAllocMapped);
    for (int i = 0; i < 100; ++i) v[i] = i;
    cudaFreeHost(v);
    twice<<<1, 32>>>(v);
    cudaDeviceSynchronize();
}

// fault: kind=divergent_barrier check=address line=8 kernel=walk
// A barrier in a loop that threads leave at different turns, and nothing behind it.
__global__ void walk(int *v, const int *n)
{
    int t = threadIdx.x;
    for (int i = 0; i < n[t]; ++i) {
        v[t] += i;
        __syncthreads();
    }
}

int main()
{
    int *v, *n, h[64];
    for (int i = 0; i < 64; ++i) h[i] = i % 4;
    cudaMalloc(&v, 256);
    cudaMalloc(&n, 256);
    cudaMemset(v, 0, 256);
    cudaMemcpy(n, h, 256, cudaMemcpyHostToDevice);
    walk<<<1, 64>>>(v, n);
    cudaDeviceSynchronize();
}

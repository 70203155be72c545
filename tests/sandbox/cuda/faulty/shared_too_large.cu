// fault: kind=out_of_bounds check=none line=5 kernel=fill
// More static shared memory than a kernel may have.
__global__ void fill(float *p)
{
    __shared__ float s[16384];
    s[threadIdx.x] = 1;
    __syncthreads();
    p[threadIdx.x] = s[threadIdx.x];
}

int main()
{
    float *p;
    cudaMalloc(&p, 128);
    fill<<<1, 32>>>(p);
    cudaDeviceSynchronize();
}

// fault: kind=race check=race line=7 other=12 kernel=mirror
// Each half of a warp meets by itself.
__global__ void mirror(int *o)
{
    __shared__ int s[32];
    int t = threadIdx.x;
    s[t] = t;
    if (t < 16)
        __syncwarp(0xffff);
    else
        __syncwarp(0xffff0000);
    o[t] = s[31 - t];
}

int main()
{
    int *o;
    cudaMalloc(&o, 128);
    mirror<<<1, 32>>>(o);
    cudaDeviceSynchronize();
}

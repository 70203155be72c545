// fault: kind=race check=race line=7 other=9 kernel=mirror
// The lanes of a warp meet, but the value is another warp's.
__global__ void mirror(int *o)
{
    __shared__ int s[64];
    int t = threadIdx.x;
    s[t] = t;
    __syncwarp();
    o[t] = s[63 - t];
}

int main()
{
    int *o;
    cudaMalloc(&o, 256);
    mirror<<<1, 64>>>(o);
    cudaDeviceSynchronize();
}

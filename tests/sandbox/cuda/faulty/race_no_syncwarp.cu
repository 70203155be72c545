// fault: kind=race check=race line=7 other=8 kernel=mirror
// Lanes of a warp read each other's values without meeting.
__global__ void mirror(int *o)
{
    __shared__ int s[32];
    int t = threadIdx.x;
    s[t] = t;
    o[t] = s[31 - t];
}

int main()
{
    int *o;
    cudaMalloc(&o, 128);
    mirror<<<1, 32>>>(o);
    cudaDeviceSynchronize();
}

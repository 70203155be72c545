// fault: kind=uninitialised check=address line=10 kernel=blur
// The first block leaves its halo without a value.
__global__ void blur(const float *in, float *out, int n)
{
    __shared__ float s[34];
    int t = threadIdx.x, i = blockIdx.x * 32 + t;
    s[t + 1] = in[i];
    if (t == 0 && i > 0) s[0] = in[i - 1];
    __syncthreads();
    out[i] = s[t] + s[t + 1];
}

int main()
{
    float *in, *out;
    cudaMalloc(&in, 256);
    cudaMalloc(&out, 256);
    cudaMemset(in, 0, 256);
    blur<<<2, 32>>>(in, out, 64);
    cudaDeviceSynchronize();
}

// fault: kind=out_of_bounds check=address line=6 kernel=copy4
// A length that is no multiple of four is rounded up.
__global__ void copy4(const float4 *a, float4 *b, int n4)
{
    int i = threadIdx.x;
    if (i < n4) b[i] = a[i];
}

int main()
{
    float *a, *b;
    const int n = 102;
    cudaMalloc(&a, n * 4);
    cudaMalloc(&b, n * 4);
    cudaMemset(a, 0, n * 4);
    copy4<<<1, 32>>>((float4 *)a, (float4 *)b, (n + 3) / 4);
    cudaDeviceSynchronize();
}

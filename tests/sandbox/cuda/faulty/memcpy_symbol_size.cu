// fault: kind=out_of_bounds check=address line=13
// More is copied to a constant than it holds.
__constant__ float coef[8];
__global__ void weigh(float *o)
{
    o[threadIdx.x] = coef[threadIdx.x];
}

int main()
{
    float h[16] = {}, *o;
    cudaMalloc(&o, 64);
    cudaMemcpyToSymbol(coef, h, sizeof h);
    weigh<<<1, 8>>>(o);
    cudaDeviceSynchronize();
}

// fault: kind=out_of_bounds check=address line=9 kernel=shift
// The column behind a row of a tile is the first one of the next row.
__global__ void shift(float *o)
{
    __shared__ float t[16][16];
    int x = threadIdx.x, y = threadIdx.y;
    t[y][x] = x;
    __syncthreads();
    o[y * 16 + x] = t[y][x + 1];
}

int main()
{
    float *o;
    cudaMalloc(&o, 1024);
    shift<<<1, dim3(16, 16)>>>(o);
    cudaDeviceSynchronize();
}

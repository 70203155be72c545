// fault: kind=out_of_bounds check=none line=6 kernel=lap
// The last plane reads the one behind it.
__global__ void lap(const float *u, float *r, int n)
{
    int x = threadIdx.x + 1, y = threadIdx.y + 1, z = blockIdx.x;
    r[(z * n + y) * n + x] = u[((z + 1) * n + y) * n + x] - u[(z * n + y) * n + x];
}

int main()
{
    const int n = 10;
    float *u, *r;
    cudaMalloc(&u, 4000);
    cudaMalloc(&r, 4000);
    cudaMemset(u, 0, 4000);
    lap<<<n, dim3(n - 2, n - 2)>>>(u, r, n);
    cudaDeviceSynchronize();
}

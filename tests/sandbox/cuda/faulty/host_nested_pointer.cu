// fault: kind=host_access check=none line=19
// A struct on the device is filled in as if it lay on the host.
#include <cstdio>

struct Matrix {
    float *data;
    int rows, cols;
};

__global__ void zero(Matrix *m)
{
    for (int i = threadIdx.x; i < m->rows * m->cols; i += blockDim.x) m->data[i] = 0;
}

int main()
{
    Matrix *m;
    cudaMalloc(&m, sizeof(Matrix));
    m->rows = 8;
    m->cols = 8;
    cudaMalloc(&m->data, 64 * sizeof(float));
    zero<<<1, 32>>>(m);
    printf("%s\n", cudaGetErrorString(cudaDeviceSynchronize()));
    return 0;
}

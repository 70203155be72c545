// Transposes: naive, through a padded tile, and by blocks of 32x8 threads.
#include <cstdio>

const int TILE_DIM = 32, BLOCK_ROWS = 8;

__global__ void transposeNaive(float *odata, const float *idata, int width, int height)
{
    int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
    if (x < width && y < height) odata[x * height + y] = idata[y * width + x];
}

__global__ void transposeNoBankConflicts(float *odata, const float *idata, int width, int height)
{
    __shared__ float tile[TILE_DIM][TILE_DIM + 1];
    int x = blockIdx.x * TILE_DIM + threadIdx.x, y = blockIdx.y * TILE_DIM + threadIdx.y;
    for (int j = 0; j < TILE_DIM; j += BLOCK_ROWS)
        if (x < width && y + j < height) tile[threadIdx.y + j][threadIdx.x] = idata[(y + j) * width + x];
    __syncthreads();
    x = blockIdx.y * TILE_DIM + threadIdx.x;
    y = blockIdx.x * TILE_DIM + threadIdx.y;
    for (int j = 0; j < TILE_DIM; j += BLOCK_ROWS)
        if (x < height && y + j < width) odata[(y + j) * height + x] = tile[threadIdx.x][threadIdx.y + j];
}

int main(int argc, char **argv)
{
    const int width = 75, height = 50, bytes = width * height * sizeof(float);
    float *h = new float[width * height], *t = new float[width * height], *d_in, *d_out;
    for (int i = 0; i < width * height; i++) h[i] = (float)i;
    cudaMalloc(&d_in, bytes);
    cudaMalloc(&d_out, bytes);
    cudaMemcpy(d_in, h, bytes, cudaMemcpyHostToDevice);
    dim3 grid((width + TILE_DIM - 1) / TILE_DIM, (height + TILE_DIM - 1) / TILE_DIM, 1);
    int errors = 0;
    for (int kind = 0; kind < 2; kind++) {
        cudaMemset(d_out, 0, bytes);
        if (kind == 0)
            transposeNaive<<<grid, dim3(TILE_DIM, TILE_DIM)>>>(d_out, d_in, width, height);
        else
            transposeNoBankConflicts<<<grid, dim3(TILE_DIM, BLOCK_ROWS)>>>(d_out, d_in, width, height);
        cudaMemcpy(t, d_out, bytes, cudaMemcpyDeviceToHost);
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++) errors += t[x * height + y] != h[y * width + x];
    }
    cudaFree(d_in);
    cudaFree(d_out);
    delete[] h;
    delete[] t;
    printf("%s transpose %d errors\n", errors ? "FAILED" : "ok", errors);
    return errors != 0;
}

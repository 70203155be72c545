// Sparse matrix times vector in CSR: one thread per row, and one warp per row.
#include <cstdio>
#include <cstdlib>

typedef struct {
    int rows, nnz;
    int *row_ptr, *col;
    double *val;
} csr_t;

__global__ void spmv_scalar(int rows, const int *row_ptr, const int *col, const double *val, const double *x, double *y)
{
    int r = blockDim.x * blockIdx.x + threadIdx.x;
    if (r < rows) {
        double dot = 0;
        for (int k = row_ptr[r]; k < row_ptr[r + 1]; k++) dot += val[k] * x[col[k]];
        y[r] = dot;
    }
}

__global__ void spmv_vector(int rows, const int *row_ptr, const int *col, const double *val, const double *x, double *y)
{
    int warp = (blockDim.x * blockIdx.x + threadIdx.x) / 32, lane = threadIdx.x & 31;
    if (warp >= rows) return;
    double dot = 0;
    for (int k = row_ptr[warp] + lane; k < row_ptr[warp + 1]; k += 32) dot += val[k] * x[col[k]];
    for (int d = 16; d > 0; d >>= 1) dot += __shfl_down_sync(0xffffffffu, dot, d);
    if (lane == 0) y[warp] = dot;
}

static csr_t build(int rows)
{
    csr_t m;
    m.rows = rows;
    m.row_ptr = (int *)malloc((rows + 1) * sizeof(int));
    m.col = (int *)malloc(rows * 80 * sizeof(int));
    m.val = (double *)malloc(rows * 80 * sizeof(double));
    m.nnz = 0;
    for (int r = 0; r < rows; r++) {
        m.row_ptr[r] = m.nnz;
        for (int k = 0; k < r * 7 % 80; k++, m.nnz++) {
            m.col[m.nnz] = (r + k * 3) % rows;
            m.val[m.nnz] = (r + k) % 9 - 4;
        }
    }
    m.row_ptr[rows] = m.nnz;
    return m;
}

int main(void)
{
    csr_t m = build(170), d = m;
    double *x = (double *)malloc(m.rows * sizeof(double)), *y = (double *)malloc(2 * m.rows * sizeof(double)), *dx, *dy, sum = 0;
    for (int i = 0; i < m.rows; i++) x[i] = i % 11;
    cudaMalloc((void **)&d.row_ptr, (m.rows + 1) * sizeof(int));
    cudaMalloc((void **)&d.col, m.nnz * sizeof(int));
    cudaMalloc((void **)&d.val, m.nnz * sizeof(double));
    cudaMalloc((void **)&dx, m.rows * sizeof(double));
    cudaMalloc((void **)&dy, 2 * m.rows * sizeof(double));
    cudaMemcpy(d.row_ptr, m.row_ptr, (m.rows + 1) * sizeof(int), cudaMemcpyHostToDevice);
    cudaMemcpy(d.col, m.col, m.nnz * sizeof(int), cudaMemcpyHostToDevice);
    cudaMemcpy(d.val, m.val, m.nnz * sizeof(double), cudaMemcpyHostToDevice);
    cudaMemcpy(dx, x, m.rows * sizeof(double), cudaMemcpyHostToDevice);
    spmv_scalar<<<(m.rows + 63) / 64, 64>>>(m.rows, d.row_ptr, d.col, d.val, dx, dy);
    spmv_vector<<<(m.rows * 32 + 127) / 128, 128>>>(m.rows, d.row_ptr, d.col, d.val, dx, dy + m.rows);
    cudaMemcpy(y, dy, 2 * m.rows * sizeof(double), cudaMemcpyDeviceToHost);
    for (int r = 0; r < m.rows; r++) {
        double want = 0;
        for (int k = m.row_ptr[r]; k < m.row_ptr[r + 1]; k++) want += m.val[k] * x[m.col[k]];
        if (y[r] != want || y[m.rows + r] != want) {
            printf("row %d: %g %g, not %g\n", r, y[r], y[m.rows + r], want);
            return 1;
        }
        sum += want;
    }
    cudaFree(d.row_ptr), cudaFree(d.col), cudaFree(d.val), cudaFree(dx), cudaFree(dy);
    free(m.row_ptr), free(m.col), free(m.val), free(x), free(y);
    printf("ok spmv_csr %g\n", sum);
    return 0;
}

#include <cuda_runtime.h>

#include <vector>

__global__ void count_columns(int entries, const int *col, int *count) {
    const int e = blockIdx.x * blockDim.x + threadIdx.x;
    if (e < entries) atomicAdd(&count[col[e]], 1);
}

/* Takes places in any order. */
__global__ void place(int m, const int *row_ptr, const int *col, const int *start, int *used, int *entry, int *row) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= m) return;
    for (int e = row_ptr[i]; e < row_ptr[i + 1]; e++) {
        const int at = start[col[e]] + atomicAdd(&used[col[e]], 1);
        entry[at] = e;
        row[at] = i;
    }
}

/* Insertion sort of each row by the number of the entry in the given matrix. */
__global__ void sort_rows(int n, const int *start, int *entry, int *row, const double *val, double *t_val) {
    const int j = blockIdx.x * blockDim.x + threadIdx.x;
    if (j >= n) return;
    for (int k = start[j]; k < start[j + 1]; k++) {
        const int e = entry[k], i = row[k];
        int at = k;
        for (; at > start[j] && entry[at - 1] > e; at--) {
            entry[at] = entry[at - 1];
            row[at] = row[at - 1];
        }
        entry[at] = e;
        row[at] = i;
    }
    for (int k = start[j]; k < start[j + 1]; k++) t_val[k] = val[entry[k]];
}

template <typename T>
static T *device_copy(const T *host, size_t count) {
    T *device;
    cudaMalloc(&device, count * sizeof(T));
    cudaMemcpy(device, host, count * sizeof(T), cudaMemcpyHostToDevice);
    return device;
}

static int blocks(int work) { return (work + 127) / 128; }

extern "C" void csr_transpose(int m, int n, const int *row_ptr, const int *col, const double *val, int *t_row_ptr, int *t_col, double *t_val) {
    const int entries = row_ptr[m];
    for (int j = 0; j <= n; j++) t_row_ptr[j] = 0;
    if (entries == 0) return;
    const std::vector<int> zeros(n, 0);
    std::vector<int> count(n);
    int *d_row_ptr = device_copy(row_ptr, m + 1), *d_col = device_copy(col, entries), *used = device_copy(zeros.data(), n);
    double *d_val = device_copy(val, entries), *d_t_val;
    int *entry, *row;
    cudaMalloc(&entry, entries * sizeof(int));
    cudaMalloc(&row, entries * sizeof(int));
    cudaMalloc(&d_t_val, entries * sizeof(double));

    count_columns<<<blocks(entries), 128>>>(entries, d_col, used);
    cudaMemcpy(count.data(), used, n * sizeof(int), cudaMemcpyDeviceToHost);
    for (int j = 0; j < n; j++) t_row_ptr[j + 1] = t_row_ptr[j] + count[j];
    int *start = device_copy(t_row_ptr, n + 1);
    cudaMemset(used, 0, n * sizeof(int));
    place<<<blocks(m), 128>>>(m, d_row_ptr, d_col, start, used, entry, row);
    sort_rows<<<blocks(n), 128>>>(n, start, entry, row, d_val, d_t_val);
    cudaMemcpy(t_col, row, entries * sizeof(int), cudaMemcpyDeviceToHost);
    cudaMemcpy(t_val, d_t_val, entries * sizeof(double), cudaMemcpyDeviceToHost);
    for (void *memory : {(void *)start, (void *)d_t_val, (void *)row, (void *)entry, (void *)d_val, (void *)used, (void *)d_col, (void *)d_row_ptr}) cudaFree(memory);
}

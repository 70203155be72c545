#include <cuda_runtime.h>

/* One block owns one bin and looks at all elements, so that no sum needs atomics. */
__global__ void bin_kernel(int n, const double *x, const double *weight, int bins, double low, double high, double *sums, long *counts) {
    __shared__ double shared_sum[128];
    __shared__ long shared_count[128];
    const int bin = blockIdx.x, t = threadIdx.x;
    const double width = (high - low) / bins;
    double sum = 0.0;
    long count = 0;
    for (int i = t; i < n; i += blockDim.x) {
        if (x[i] < low || x[i] > high) continue;
        const int b = min((int)((x[i] - low) / width), bins - 1);
        if (b == bin) {
            sum += weight[i];
            count++;
        }
    }
    shared_sum[t] = sum;
    shared_count[t] = count;
    __syncthreads();
    for (int half = blockDim.x / 2; half > 0; half /= 2) {
        if (t < half) {
            shared_sum[t] += shared_sum[t + half];
            shared_count[t] += shared_count[t + half];
        }
        __syncthreads();
    }
    if (t == 0) {
        sums[bin] = shared_sum[0];
        counts[bin] = shared_count[0];
    }
}

template <typename T>
static T *upload(const T *host, int count) {
    T *device = nullptr;
    cudaMalloc(&device, (count > 0 ? count : 1) * sizeof(T));
    if (count > 0) cudaMemcpy(device, host, count * sizeof(T), cudaMemcpyHostToDevice);
    return device;
}

extern "C" void weighted_histogram(int n, const double *x, const double *weight, int bins, double low, double high, double *sums,
                                   long *counts) {
    double *d_x = upload(x, n), *d_weight = upload(weight, n), *d_sums;
    long *d_counts;
    cudaMalloc(&d_sums, bins * sizeof(double));
    cudaMalloc(&d_counts, bins * sizeof(long));
    bin_kernel<<<bins, 128>>>(n, d_x, d_weight, bins, low, high, d_sums, d_counts);
    cudaMemcpy(sums, d_sums, bins * sizeof(double), cudaMemcpyDeviceToHost);
    cudaMemcpy(counts, d_counts, bins * sizeof(long), cudaMemcpyDeviceToHost);
    cudaFree(d_counts);
    cudaFree(d_sums);
    cudaFree(d_weight);
    cudaFree(d_x);
}

// Templates over type and block size, launched with explicit and deduced arguments.
#include <cstdio>
#include <vector>

template <typename T>
__global__ void axpy(int n, T a, const T *__restrict__ x, T *__restrict__ y)
{
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
        y[i] = a * x[i] + y[i];
}

template <int BLOCK, typename T>
__launch_bounds__(BLOCK) __global__ void block_sum(const T *x, T *sums)
{
    __shared__ T part[BLOCK];
    part[threadIdx.x] = x[blockIdx.x * BLOCK + threadIdx.x];
    __syncthreads();
#pragma unroll
    for (int s = BLOCK / 2; s > 0; s >>= 1) {
        if (threadIdx.x < s) part[threadIdx.x] += part[threadIdx.x + s];
        __syncthreads();
    }
    if (threadIdx.x == 0) sums[blockIdx.x] = part[0];
}

template <typename T>
bool test(const char *name)
{
    constexpr int BLOCK = 64;
    const int blocks = 5, n = blocks * BLOCK;
    std::vector<T> x(n), y(n), sums(blocks);
    for (int i = 0; i < n; i++) {
        x[i] = T(i % 13);
        y[i] = T(i % 5);
    }
    T *dx, *dy, *ds;
    cudaMalloc(&dx, n * sizeof(T));
    cudaMalloc(&dy, n * sizeof(T));
    cudaMalloc(&ds, blocks * sizeof(T));
    cudaMemcpy(dx, x.data(), n * sizeof(T), cudaMemcpyHostToDevice);
    cudaMemcpy(dy, y.data(), n * sizeof(T), cudaMemcpyHostToDevice);
    axpy<T><<<3, 32>>>(n, 2, dx, dy);
    block_sum<BLOCK><<<blocks, BLOCK>>>(dy, ds);
    cudaMemcpy(sums.data(), ds, blocks * sizeof(T), cudaMemcpyDeviceToHost);
    cudaFree(dx), cudaFree(dy), cudaFree(ds);
    T total = 0, want = 0;
    for (T s : sums) total += s;
    for (int i = 0; i < n; i++) want += 2 * x[i] + y[i];
    printf("%s %g\n", name, double(total));
    return total == want && cudaGetLastError() == cudaSuccess;
}

int main()
{
    bool good = test<float>("float") && test<double>("double") && test<int>("int") && test<long long>("long long") && test<unsigned char>("uchar");
    puts(good ? "ok saxpy_template" : "FAILED");
    return good ? 0 : 1;
}

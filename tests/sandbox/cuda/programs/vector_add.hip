// HIP: vector addition in the manner of its samples.
#include <hip/hip_runtime.h>

#include <iostream>
#include <vector>

#define HIP_CHECK(condition)                                                                           \
    {                                                                                                  \
        const hipError_t error = condition;                                                            \
        if (error != hipSuccess) {                                                                     \
            std::cerr << "HIP error: " << hipGetErrorString(error) << " line " << __LINE__ << '\n';    \
            std::exit(1);                                                                              \
        }                                                                                              \
    }

__global__ void vector_add(const float *a, const float *b, float *c, const unsigned int n)
{
    const unsigned int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) c[i] = a[i] + b[i];
}

int main()
{
    constexpr unsigned int n = 1000, block_size = 128, grid_size = (n + block_size - 1) / block_size;
    std::vector<float> a(n), b(n), c(n);
    for (unsigned int i = 0; i < n; i++) a[i] = i, b[i] = 2.0f * i;
    float *d_a{}, *d_b{}, *d_c{};
    HIP_CHECK(hipMalloc(&d_a, n * sizeof(float)));
    HIP_CHECK(hipMalloc(&d_b, n * sizeof(float)));
    HIP_CHECK(hipMalloc(&d_c, n * sizeof(float)));
    HIP_CHECK(hipMemcpy(d_a, a.data(), n * sizeof(float), hipMemcpyHostToDevice));
    HIP_CHECK(hipMemcpy(d_b, b.data(), n * sizeof(float), hipMemcpyHostToDevice));
    vector_add<<<dim3(grid_size), dim3(block_size), 0, hipStreamDefault>>>(d_a, d_b, d_c, n);
    HIP_CHECK(hipGetLastError());
    HIP_CHECK(hipMemcpy(c.data(), d_c, n * sizeof(float), hipMemcpyDeviceToHost));
    HIP_CHECK(hipFree(d_a));
    HIP_CHECK(hipFree(d_b));
    HIP_CHECK(hipFree(d_c));
    for (unsigned int i = 0; i < n; i++)
        if (c[i] != 3.0f * i) return std::cout << "wrong at " << i << '\n', 1;
    std::cout << "ok hip vector_add " << c[n - 1] << '\n';
    return 0;
}

// Functors with state as kernel arguments, variadic templates, if constexpr and a lambda inside a kernel.
#include <cassert>
#include <cstdio>
#include <type_traits>

struct Scale {
    float factor;
    __host__ __device__ float operator()(float v) const { return factor * v; }
};

struct Clamp {
    float low, high;
    __host__ __device__ float operator()(float v) const { return v < low ? low : v > high ? high : v; }
};

template <typename Last>
__host__ __device__ float chain(float v, Last last) { return last(v); }

template <typename First, typename... Rest>
__host__ __device__ float chain(float v, First first, Rest... rest) { return chain(first(v), rest...); }

template <typename... Fs>
__global__ void map_chain(const float *in, float *out, int n, Fs... fs)
{
    const int i = blockDim.x * blockIdx.x + threadIdx.x;
    if (i < n) out[i] = chain(in[i], fs...);
}

template <typename T, bool kSquare>
__global__ void finish(T *v, int n)
{
    const auto at = [n](int k) { return n - 1 - k; };
    const int i = blockDim.x * blockIdx.x + threadIdx.x;
    if (i >= n) return;
    if constexpr (kSquare && std::is_floating_point_v<T>)
        v[at(i)] *= v[at(i)];
    else
        v[at(i)] += 1;
}

int main()
{
    constexpr int n = 300;
    static float in[n], out[n];
    for (int i = 0; i < n; ++i) in[i] = i - 150.0f;
    float *d_in, *d_out;
    cudaMalloc(&d_in, sizeof in);
    cudaMalloc(&d_out, sizeof out);
    cudaMemcpy(d_in, in, sizeof in, cudaMemcpyHostToDevice);
    map_chain<<<3, 128>>>(d_in, d_out, n, Scale{0.5f}, Clamp{-20.0f, 30.0f}, Scale{4.0f});
    finish<float, true><<<3, 128>>>(d_out, n);
    finish<float, false><<<3, 128>>>(d_out, n);
    cudaMemcpy(out, d_out, sizeof out, cudaMemcpyDeviceToHost);
    double sum = 0;
    for (int i = 0; i < n; ++i) {
        float w = chain(in[i], Scale{0.5f}, Clamp{-20.0f, 30.0f}, Scale{4.0f});
        w = w * w + 1;
        if (out[i] != w) {
            printf("out[%d] = %f, want %f\n", i, out[i], w);
            return 1;
        }
        sum += out[i];
    }
    cudaFree(d_in);
    cudaFree(d_out);
    printf("ok functors %.1f\n", sum);
}

// Launches in odd clothes: inside macros, over several lines, with nested templates and commas, shifts beside them.
#include <cstdio>
#include <utility>

#define BLOCKS(n, t) (((n) + (t)-1) / (t))
#define LAUNCH(kernel, n, ...)                          \
    do {                                                \
        kernel<<<BLOCKS(n, 64), 64>>>(__VA_ARGS__);     \
        if (cudaGetLastError() != cudaSuccess) return 9; \
    } while (0)
#define KERNEL(name, expression)                                    \
    __global__ void name(int *v, int n)                             \
    {                                                               \
        int i = blockIdx.x * blockDim.x + threadIdx.x;              \
        if (i < n) v[i] = expression;                               \
    }

KERNEL(increment, v[i] + 1)
KERNEL(times_three, v[i] * 3)

namespace tools {
namespace detail {
template <typename Pair, int N>
__global__ void combine(int *v, Pair p, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) v[i] = (v[i] << N) - p.first + (int)p.second;
}
}  // namespace detail
}  // namespace tools

extern "C" __global__ void plain(int *v, int n) { if (threadIdx.x < n) v[threadIdx.x] -= 1 << 2 >> 1; }

static dim3 threads_for(int n) { return dim3(n < 96 ? n : 96, 1, 1); }

int main()
{
    const int n = 96;
    int h[n], *d;
    for (int i = 0; i < n; i++) h[i] = i;
    cudaMalloc(&d, sizeof h);
    cudaMemcpy(d, h, sizeof h, cudaMemcpyHostToDevice);
    LAUNCH(increment, n, d, n);
    LAUNCH(times_three, n, d, n);
    tools::detail::combine<std::pair<int, char>, 2>
        <<<dim3(2, 1),
           threads_for(64),
           sizeof(int) << 2  // bytes
        >>>(d, std::make_pair(5, 'a'), n);
    if (n > 10 && n >> 2 < 100) plain<<< 1 , threads_for(n) >>>( d , n );
    for (int r = 0; r < 2; r++) increment <<< (n + 31) / 32, 32, 0, cudaStreamPerThread >>> (d, n);
    cudaDeviceSynchronize();
    // a comment with <<<1, 2>>>(x) and a string "k<<<1, 1>>>()" stay as they are
    const char *text = "k<<<1, 1>>>()";
    cudaMemcpy(h, d, sizeof h, cudaMemcpyDeviceToHost);
    for (int i = 0; i < n; i++)
        if (h[i] != ((i + 1) * 3 << 2) - 5 + 'a' - 2 + 2) return printf("%d: %d\n", i, h[i]), 1;
    cudaFree(d);
    printf("ok macro_launches %d %s\n", h[n - 1], text);
    return 0;
}

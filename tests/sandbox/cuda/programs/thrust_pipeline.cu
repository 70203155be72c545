// Thrust: vectors, sort, transform, reduce, scan, and a raw pointer given to a kernel.
#include <cstdio>
#include <thrust/device_vector.h>
#include <thrust/functional.h>
#include <thrust/host_vector.h>
#include <thrust/reduce.h>
#include <thrust/scan.h>
#include <thrust/sequence.h>
#include <thrust/sort.h>
#include <thrust/transform.h>

struct Square {
    __host__ __device__ int operator()(int v) const { return v * v; }
};

__global__ void add(int *v, int n, int what)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) v[i] += what;
}

int main()
{
    const int n = 500;
    thrust::host_vector<int> h(n);
    for (int i = 0; i < n; i++) h[i] = i * 7919 % 503;
    thrust::device_vector<int> d = h, squares(n), sums(n);
    thrust::sort(d.begin(), d.end());
    add<<<4, 128>>>(thrust::raw_pointer_cast(d.data()), n, 1);
    thrust::transform(d.begin(), d.end(), squares.begin(), Square());
    long total = thrust::reduce(squares.begin(), squares.end(), 0, thrust::plus<int>());
    thrust::inclusive_scan(squares.begin(), squares.end(), sums.begin());
    h = d;
    long want = 0;
    for (int i = 0; i < n; i++) {
        if (i && h[i] < h[i - 1]) return puts("not sorted"), 1;
        want += h[i] * h[i];
    }
    bool good = total == want && sums[n - 1] == want;
    printf("%s thrust_pipeline %ld\n", good ? "ok" : "FAILED", total);
    return good ? 0 : 1;
}

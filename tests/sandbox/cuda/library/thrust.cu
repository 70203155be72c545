// Thrust on vectors of its own, with a kernel between, and on memory of cudaMalloc.
#include <thrust/device_vector.h>
#include <thrust/host_vector.h>
#include <thrust/sort.h>
#include <thrust/reduce.h>
#include <thrust/transform.h>
#include <thrust/functional.h>
#include <thrust/sequence.h>
#include <thrust/scan.h>
#include <cstdio>
__global__ void twice(int *p, int n) { int i = threadIdx.x + blockIdx.x * blockDim.x; if (i < n) p[i] *= 2; }
struct sq { __host__ __device__ int operator()(int x) const { return x * x; } };
int main() {
    thrust::device_vector<int> v(100); thrust::sequence(v.begin(), v.end());
    thrust::transform(v.begin(), v.end(), v.begin(), sq());
    twice<<<1, 128>>>(thrust::raw_pointer_cast(v.data()), 100); cudaDeviceSynchronize();
    thrust::sort(v.begin(), v.end(), thrust::greater<int>());
    thrust::host_vector<int> h = v;
    printf("%d %d %d\n", thrust::reduce(v.begin(), v.end(), 0, thrust::plus<int>()), h[0], (int)v[99]);
    int *d; cudaMalloc(&d, 400); cudaMemset(d, 1, 400);
    thrust::device_ptr<int> p(d); printf("%d\n", thrust::reduce(p, p + 100));
}

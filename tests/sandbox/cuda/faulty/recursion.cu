// fault: kind=stack_overflow check=none kernel=count
// The recursion's end is missed for odd numbers.
#include <cstdio>

struct Frame {
    const Frame *up;
    int value;
};

__device__ __noinline__ int descend(const Frame *up, int n)
{
    Frame here = {up, n};
    if (n == 0) {
        int sum = 0;
        for (const Frame *f = &here; f; f = f->up) sum += f->value;
        return sum;
    }
    return descend(&here, n - 2) + here.value;
}

__global__ void count(int *out)
{
    out[threadIdx.x] = descend(nullptr, threadIdx.x * 2 + (threadIdx.x == 3));
}

int main()
{
    int *d, h[8];
    cudaMalloc(&d, sizeof h);
    count<<<1, 8>>>(d);
    cudaError_t e = cudaMemcpy(h, d, sizeof h, cudaMemcpyDeviceToHost);
    printf("%s %d\n", cudaGetErrorString(e), h[2]);
    cudaFree(d);
}

// fault: kind=use_after_free check=none line=20 kernel=increment
// A class that frees in its destructor is passed to a function by value.
#include <cstdio>

class Buffer {
public:
    explicit Buffer(int n) : n(n)
    {
        cudaMalloc(&data, n * sizeof(int));
        cudaMemset(data, 0, n * sizeof(int));
    }
    ~Buffer() { cudaFree(data); }
    int *data;
    int n;
};

__global__ void increment(int *v, int n)
{
    int i = threadIdx.x;
    if (i < n) v[i]++;
}

void report(Buffer b) { printf("%d elements\n", b.n); }

int main()
{
    Buffer b(64);
    report(b);
    increment<<<1, 64>>>(b.data, b.n);
    cudaDeviceSynchronize();
    return 0;
}

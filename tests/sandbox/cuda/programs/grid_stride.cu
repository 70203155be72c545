// Grid-stride loops that give the same result for any launch configuration.
#include <cstdio>

__global__ void collatz(const unsigned *start, unsigned *steps, unsigned n)
{
    for (unsigned i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += blockDim.x * gridDim.x) {
        unsigned long long v = start[i];
        unsigned count = 0;
        while (v != 1) {
            v = v & 1 ? 3 * v + 1 : v / 2;
            count++;
        }
        steps[i] = count;
    }
}

int main()
{
    const unsigned n = 700;
    unsigned start[n], steps[n], *d_start, *d_steps;
    for (unsigned i = 0; i < n; i++) start[i] = i + 1;
    cudaMalloc(&d_start, sizeof(start));
    cudaMalloc(&d_steps, sizeof(steps));
    cudaMemcpy(d_start, start, sizeof(start), cudaMemcpyHostToDevice);
    const int configs[][2] = {{1, 1}, {1, 32}, {7, 33}, {64, 256}};
    unsigned first = 0;
    for (auto &c : configs) {
        cudaMemset(d_steps, 0xff, sizeof(steps));
        collatz<<<c[0], c[1]>>>(d_start, d_steps, n);
        cudaMemcpy(steps, d_steps, sizeof(steps), cudaMemcpyDeviceToHost);
        unsigned sum = 0;
        for (unsigned i = 0; i < n; i++) sum = sum * 33 + steps[i];
        if (first == 0) first = sum;
        if (sum != first) return printf("differs for %d x %d\n", c[0], c[1]), 1;
    }
    if (steps[26] != 111 || steps[0] != 0) return printf("wrong steps\n"), 1;
    cudaFree(d_start);
    cudaFree(d_steps);
    printf("ok grid_stride %u\n", first);
    return 0;
}

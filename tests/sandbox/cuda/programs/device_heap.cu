// malloc, free, new and delete on the device; memcpy and memset there.
#include <cstdio>
#include <cstdlib>
#include <cstring>

struct Stack {
    int *items;
    int used, room;
    __device__ Stack() : items(new int[2]), used(0), room(2) {}
    __device__ ~Stack() { delete[] items; }
    __device__ void push(int v)
    {
        if (used == room) {
            int *more = new int[2 * room];
            memcpy(more, items, used * sizeof(int));
            delete[] items;
            items = more;
            room *= 2;
        }
        items[used++] = v;
    }
};

__global__ void digits(const unsigned *v, unsigned *sums, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    Stack s;
    for (unsigned x = v[i]; x; x /= 10) s.push(x % 10);
    unsigned *copy = (unsigned *)malloc(s.used * sizeof(unsigned) + 4), sum = 0;
    memset(copy, 0, s.used * sizeof(unsigned) + 4);
    for (int k = 0; k < s.used; k++) copy[k] = s.items[k] * (k + 1);
    for (int k = 0; k <= s.used; k++) sum += copy[k];
    free(copy);
    sums[i] = sum;
}

int main()
{
    const int n = 90;
    unsigned v[n], sums[n], *dv, *ds, total = 0;
    for (int i = 0; i < n; i++) v[i] = i * i * 7919u;
    cudaDeviceSetLimit(cudaLimitMallocHeapSize, 4 << 20);
    cudaMalloc(&dv, sizeof v);
    cudaMalloc(&ds, sizeof sums);
    cudaMemcpy(dv, v, sizeof v, cudaMemcpyHostToDevice);
    digits<<<3, 32>>>(dv, ds, n);
    if (cudaMemcpy(sums, ds, sizeof sums, cudaMemcpyDeviceToHost) != cudaSuccess) return 1;
    for (int i = 0; i < n; i++) {
        unsigned want = 0, k = 1;
        for (unsigned x = v[i]; x; x /= 10) want += x % 10 * k++;
        if (sums[i] != want) return printf("%d: %u, not %u\n", i, sums[i], want), 2;
        total += want;
    }
    cudaFree(dv);
    cudaFree(ds);
    printf("ok device_heap %u\n", total);
    return 0;
}

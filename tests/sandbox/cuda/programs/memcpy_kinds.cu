// All directions of cudaMemcpy, cudaMemcpyDefault, parts of allocations, bytes of structs, and memset's bytes.
#include <cstdio>
#include <cstring>

struct Record {
    char name[12];
    short id;
    double weight;
};

__global__ void heavier(Record *r, int n)
{
    int i = threadIdx.x;
    if (i < n) {
        r[i].weight += r[i].id;
        r[i].name[0] ^= 0x20;
    }
}

int main()
{
    const int n = 20;
    Record h[n], back[n], copy[n], *d, *e;
    memset(h, 0, sizeof h);
    for (int i = 0; i < n; i++) {
        snprintf(h[i].name, sizeof h[i].name, "item%d", i);
        h[i].id = i * 3;
        h[i].weight = 0.5 * i;
    }
    cudaMalloc(&d, sizeof h);
    cudaMalloc(&e, sizeof h);
    cudaMemcpy(d, h, sizeof h, cudaMemcpyDefault);
    heavier<<<1, 32>>>(d, n);
    cudaMemcpy(e, d, sizeof h, cudaMemcpyDeviceToDevice);
    cudaMemcpy(back, e, sizeof h, cudaMemcpyDeviceToHost);
    cudaMemcpy(copy, back, sizeof h, cudaMemcpyHostToHost);
    for (int i = 0; i < n; i++)
        if (copy[i].weight != 3.5 * i || copy[i].name[0] != 'I' || copy[i].id != 3 * i) return printf("record %d\n", i), 1;
    double w = 99;
    cudaMemcpy(&d[4].weight, &w, sizeof w, cudaMemcpyHostToDevice);
    cudaMemcpy(d + 10, d, 5 * sizeof(Record), cudaMemcpyDeviceToDevice);
    cudaMemcpy(&copy[0], d + 14, sizeof(Record), cudaMemcpyDefault);
    if (copy[0].weight != 99 || copy[0].id != 12) return 2;
    cudaMemset(e, 0x41, 8);
    cudaMemcpy(back, e, sizeof(Record), cudaMemcpyDeviceToHost);
    if (memcmp(back[0].name, "AAAAAAAA", 8) || back[0].weight != 0) return 3;
    if (cudaMemcpy(nullptr, nullptr, 0, cudaMemcpyDeviceToHost) != cudaSuccess) return 4;
    cudaFree(d);
    cudaFree(e);
    printf("ok memcpy_kinds %s %.1f\n", copy[3].name, copy[0].weight);
    return 0;
}

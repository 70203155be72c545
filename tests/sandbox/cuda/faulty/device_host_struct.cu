// fault: kind=device_access check=address line=13 kernel=apply
// The struct is copied, but the array that it points to stays on the host.
#include <cstdio>
#include <cstdlib>

struct Table {
    int n;
    float *values;
};

__global__ void apply(const Table *t, float *out)
{
    if (threadIdx.x < t->n) out[threadIdx.x] = 2 * t->values[threadIdx.x];
}

int main()
{
    Table h = {32, (float *)malloc(32 * sizeof(float))}, *t;
    float *out, result[32];
    for (int i = 0; i < 32; i++) h.values[i] = i;
    cudaMalloc(&t, sizeof(Table));
    cudaMalloc(&out, sizeof result);
    cudaMemcpy(t, &h, sizeof(Table), cudaMemcpyHostToDevice);
    apply<<<1, 32>>>(t, out);
    cudaMemcpy(result, out, sizeof result, cudaMemcpyDeviceToHost);
    printf("%f\n", result[5]);
    free(h.values);
}

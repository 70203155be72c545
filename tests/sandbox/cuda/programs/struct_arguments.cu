// Arguments of many kinds: structs with arrays, references to const, enums, bools, null pointers, conversions.
#include <cstddef>
#include <cstdio>

enum class Mode { plain, negated };

struct Filter {
    float weights[5];
    int count;
    const float *table;
};

union Word {
    float f;
    unsigned u;
};

__global__ void filter(const Filter f, const float *__restrict__ in, float *out, size_t n, Mode mode, bool round, double bias, const int *optional)
{
    size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x;
    if (i >= n) return;
    float sum = bias;
    for (int k = 0; k < f.count; k++)
        if (i + k < n) sum += f.weights[k] * in[i + k];
    if (f.table) sum += f.table[i % 4];
    if (optional != NULL) sum += *optional;
    if (mode == Mode::negated) sum = -sum;
    out[i] = round ? rintf(sum) : sum;
}

__global__ void bits(Word w, unsigned char c, unsigned *out) { *out = w.u + c; }

int main()
{
    const int n = 70;
    float in[n], out[n], table[4] = {1, 2, 3, 4}, *d_in, *d_out, *d_table;
    for (int i = 0; i < n; i++) in[i] = i;
    cudaMalloc(&d_in, sizeof in), cudaMalloc(&d_out, sizeof out), cudaMalloc(&d_table, sizeof table);
    cudaMemcpy(d_in, in, sizeof in, cudaMemcpyHostToDevice);
    cudaMemcpy(d_table, table, sizeof table, cudaMemcpyHostToDevice);
    Filter f = {{1, 0.5f, 0.25f, 0, 2}, 5, d_table};
    short threads = 32;
    unsigned blocks = (n + threads - 1) / threads;
    filter<<<blocks, threads>>>(f, d_in, d_out, n, Mode::negated, true, 1, NULL);
    f.table = nullptr;
    filter<<<blocks, threads>>>(f, d_in, d_out, n / 2, Mode::plain, 0, 'a', 0);
    cudaMemcpy(out, d_out, sizeof out, cudaMemcpyDeviceToHost);
    for (int i = 0; i < n; i++) {
        int limit = i < n / 2 ? n / 2 : n;
        float want = i < n / 2 ? 97 : 1;
        for (int k = 0; k < 5; k++)
            if (i + k < limit) want += f.weights[k] * in[i + k];
        if (i >= n / 2) {
            want += table[i % 4];
            want = -want;
            want = __builtin_rintf(want);
        }
        if (out[i] != want) return printf("%d: %f, not %f\n", i, out[i], want), 1;
    }
    Word w;
    w.f = 1.0f;
    unsigned h, *d = (unsigned *)d_out;
    bits<<<1, 1>>>(w, 300 & 0xff, d);
    cudaMemcpy(&h, d, sizeof h, cudaMemcpyDeviceToHost);
    cudaFree(d_in), cudaFree(d_out), cudaFree(d_table);
    printf("%s struct_arguments %x\n", h == 0x3f80002c ? "ok" : "FAILED", h);
    return h != 0x3f80002c;
}

// Merge of two sorted arrays by the merge path: each thread finds its diagonal by binary search.
#include <algorithm>
#include <cstdio>
#include <vector>

__device__ int merge_path(const int *a, int na, const int *b, int nb, int diagonal)
{
    int low = max(0, diagonal - nb), high = min(diagonal, na);
    while (low < high) {
        int mid = (low + high) >> 1;
        if (a[mid] <= b[diagonal - 1 - mid])
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

template <int PER_THREAD>
__global__ void merge(const int *__restrict__ a, int na, const int *__restrict__ b, int nb, int *__restrict__ out)
{
    int start = (blockIdx.x * blockDim.x + threadIdx.x) * PER_THREAD;
    if (start >= na + nb) return;
    int i = merge_path(a, na, b, nb, start), j = start - i;
    for (int k = 0; k < PER_THREAD && start + k < na + nb; ++k) {
        bool from_a = j >= nb || (i < na && a[i] <= b[j]);
        out[start + k] = from_a ? __ldg(&a[i++]) : __ldg(&b[j++]);
    }
}

int main()
{
    std::vector<int> a(537), b(861), want(a.size() + b.size()), got(want.size());
    for (size_t i = 0; i < a.size(); i++) a[i] = i * i % 3001;
    for (size_t i = 0; i < b.size(); i++) b[i] = i * 37 % 2999;
    std::sort(a.begin(), a.end());
    std::sort(b.begin(), b.end());
    std::merge(a.begin(), a.end(), b.begin(), b.end(), want.begin());
    int *da, *db, *dout;
    cudaMalloc(&da, a.size() * sizeof(int));
    cudaMalloc(&db, b.size() * sizeof(int));
    cudaMalloc(&dout, got.size() * sizeof(int));
    cudaMemcpy(da, a.data(), a.size() * sizeof(int), cudaMemcpyHostToDevice);
    cudaMemcpy(db, b.data(), b.size() * sizeof(int), cudaMemcpyHostToDevice);
    constexpr int per = 7;
    int threads = (got.size() + per - 1) / per;
    merge<per><<<(threads + 63) / 64, 64>>>(da, a.size(), db, b.size(), dout);
    cudaMemcpy(got.data(), dout, got.size() * sizeof(int), cudaMemcpyDeviceToHost);
    cudaFree(da), cudaFree(db), cudaFree(dout);
    if (got != want) return puts("FAILED"), 1;
    printf("ok merge_path %zu %d\n", got.size(), got[700]);
}

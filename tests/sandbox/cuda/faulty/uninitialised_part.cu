// fault: kind=uninitialised check=address line=9 kernel=sum
// Half of the array is copied: bytes of ints, but the array holds long longs.
#include <cstdio>

__global__ void sum(const long long *v, int n, long long *out)
{
    long long s = 0;
    for (int i = 0; i < n; i++)
        s += v[i];
    *out = s;
}

int main()
{
    const int n = 100;
    long long h[n], *d, *out, s;
    for (int i = 0; i < n; i++) h[i] = i;
    cudaMalloc(&d, n * sizeof(long long));
    cudaMalloc(&out, sizeof s);
    cudaMemcpy(d, h, n * sizeof(int), cudaMemcpyHostToDevice);
    sum<<<1, 1>>>(d, n, out);
    cudaMemcpy(&s, out, sizeof s, cudaMemcpyDeviceToHost);
    printf("%lld\n", s);
    cudaFree(d);
    cudaFree(out);
}

// Errors as a device gives them: refused launches run nothing, the last error is told once, later launches work.
#include <cstdio>
#include <cstring>

__global__ void mark(int *flag, int value)
{
    if (threadIdx.x == 0 && blockIdx.x == 0 && threadIdx.y == 0) *flag = value;
}

__global__ void hungry(int *flag)
{
    extern __shared__ int s[];
    s[threadIdx.x] = 1;
    *flag = s[threadIdx.x];
}

static int failures = 0;

static void expect(const char *what, cudaError_t got, cudaError_t want)
{
    if (got != want) {
        printf("%s: %s, not %s\n", what, cudaGetErrorName(got), cudaGetErrorName(want));
        failures++;
    }
}

// A launch that no device could run: the guide's code for it, and that of the runtime of CUDA 13.
static void expect_refused(const char *what, cudaError_t got)
{
    expect(what, got == cudaErrorInvalidValue ? cudaErrorInvalidConfiguration : got, cudaErrorInvalidConfiguration);
}

static int read_flag(const int *d)
{
    int v = -1;
    cudaMemcpy(&v, d, sizeof v, cudaMemcpyDeviceToHost);
    return v;
}

int main()
{
    int *d, local = 0;
    expect("malloc", cudaMalloc(&d, sizeof(int)), cudaSuccess);
    expect("memset", cudaMemset(d, 0, sizeof(int)), cudaSuccess);

    mark<<<1, 2048>>>(d, 1);
    expect_refused("peek", cudaPeekAtLastError());
    expect_refused("2048 threads", cudaGetLastError());
    expect("told once", cudaGetLastError(), cudaSuccess);
    mark<<<0, 32>>>(d, 2);
    expect_refused("no blocks", cudaGetLastError());
    mark<<<1, 0>>>(d, 3);
    expect_refused("no threads", cudaGetLastError());
    mark<<<1, dim3(64, 32)>>>(d, 4);
    expect_refused("64 x 32", cudaGetLastError());
    mark<<<1, dim3(1, 1, 128)>>>(d, 5);
    expect_refused("z of 128", cudaGetLastError());
    mark<<<dim3(1, 70000), 1>>>(d, 6);
    expect_refused("y of 70000", cudaGetLastError());
    hungry<<<1, 32, 1 << 20>>>(d);
    expect("1 MiB of shared memory", cudaGetLastError(), cudaErrorInvalidValue);
    if (read_flag(d) != 0) printf("a refused launch ran\n"), failures++;
    mark<<<1, 1024>>>(d, 7);
    expect("good launch", cudaGetLastError(), cudaSuccess);
    expect("synchronize", cudaDeviceSynchronize(), cudaSuccess);
    if (read_flag(d) != 7) printf("a good launch after bad ones did nothing\n"), failures++;

    expect("null to memcpy", cudaMemcpy(nullptr, &local, sizeof local, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
    expect("kept", cudaGetLastError(), cudaErrorInvalidValue);
    expect("kind", cudaMemcpy(d, &local, sizeof local, (cudaMemcpyKind)17), cudaErrorInvalidMemcpyDirection);
    cudaGetLastError();
    void *huge = &local;
    expect("1 PB", cudaMalloc(&huge, 1ull << 50), cudaErrorMemoryAllocation);
    cudaGetLastError();
    expect("free null", cudaFree(nullptr), cudaSuccess);
    expect("device 99", cudaSetDevice(99), cudaErrorInvalidDevice);
    cudaGetLastError();
    int count = 0;
    expect("count", cudaGetDeviceCount(&count), cudaSuccess);
    if (count < 1) failures++;
    if (strcmp(cudaGetErrorName(cudaErrorInvalidConfiguration), "cudaErrorInvalidConfiguration")) failures++;
    if (strcmp(cudaGetErrorString(cudaErrorMemoryAllocation), "out of memory")) failures++;
    if (strcmp(cudaGetErrorString(cudaSuccess), "no error")) failures++;
    expect("free", cudaFree(d), cudaSuccess);
    printf("%s error_codes\n", failures ? "FAILED" : "ok");
    return failures != 0;
}

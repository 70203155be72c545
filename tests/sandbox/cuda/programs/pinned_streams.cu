// Pinned memory, asynchronous copies in several streams, events that order and time them, a host callback.
#include <cstdio>
#include <cstdlib>

#define CUDA_CALL(x)                                                                    \
    {                                                                                   \
        const cudaError_t e = (x);                                                      \
        if (e != cudaSuccess) {                                                         \
            printf("%s failed: %s (%d)\n", #x, cudaGetErrorName(e), __LINE__);          \
            return 1;                                                                   \
        }                                                                               \
    }

__global__ void triple(float *v, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) v[i] = 3.0f * v[i] + 1.0f;
}

static void CUDART_CB note(void *data) { ++*static_cast<int *>(data); }

int main()
{
    const int streams = 4, chunk = 500, n = streams * chunk;
    float *h, *d;
    CUDA_CALL(cudaMallocHost(&h, n * sizeof(float)));
    CUDA_CALL(cudaMalloc(&d, n * sizeof(float)));
    for (int i = 0; i < n; i++) h[i] = i;
    cudaStream_t stream[streams];
    cudaEvent_t start, stop, ready;
    CUDA_CALL(cudaEventCreate(&start));
    CUDA_CALL(cudaEventCreate(&stop));
    CUDA_CALL(cudaEventCreateWithFlags(&ready, cudaEventDisableTiming));
    for (int s = 0; s < streams; s++) CUDA_CALL(cudaStreamCreate(&stream[s]));
    int notes = 0;
    CUDA_CALL(cudaEventRecord(start));
    for (int s = 0; s < streams; s++) {
        float *part = d + s * chunk;
        CUDA_CALL(cudaMemcpyAsync(part, h + s * chunk, chunk * sizeof(float), cudaMemcpyHostToDevice, stream[s]));
        triple<<<(chunk + 127) / 128, 128, 0, stream[s]>>>(part, chunk);
        CUDA_CALL(cudaMemcpyAsync(h + s * chunk, part, chunk * sizeof(float), cudaMemcpyDeviceToHost, stream[s]));
    }
    CUDA_CALL(cudaEventRecord(ready, stream[0]));
    CUDA_CALL(cudaStreamWaitEvent(stream[1], ready, 0));
    CUDA_CALL(cudaLaunchHostFunc(stream[1], note, &notes));
    CUDA_CALL(cudaEventRecord(stop));
    CUDA_CALL(cudaEventSynchronize(stop));
    for (int s = 0; s < streams; s++) {
        CUDA_CALL(cudaStreamSynchronize(stream[s]));
        CUDA_CALL(cudaStreamQuery(stream[s]));
    }
    float ms = -1;
    CUDA_CALL(cudaEventElapsedTime(&ms, start, stop));
    int wrong = 0;
    for (int i = 0; i < n; i++) wrong += h[i] != 3.0f * i + 1.0f;
    for (int s = 0; s < streams; s++) CUDA_CALL(cudaStreamDestroy(stream[s]));
    CUDA_CALL(cudaEventDestroy(start));
    CUDA_CALL(cudaEventDestroy(stop));
    CUDA_CALL(cudaEventDestroy(ready));
    CUDA_CALL(cudaFree(d));
    CUDA_CALL(cudaFreeHost(h));

    int *mapped, *alias;
    CUDA_CALL(cudaHostAlloc((void **)&mapped, 64, cudaHostAllocMapped));
    CUDA_CALL(cudaHostGetDevicePointer((void **)&alias, mapped, 0));
    mapped[0] = 0;
    CUDA_CALL(cudaFreeHost(mapped));
    printf("%s pinned_streams\n", wrong == 0 && notes == 1 && ms >= 0 && alias != NULL ? "ok" : "FAILED");
    return wrong != 0 || notes != 1 || ms < 0;
}

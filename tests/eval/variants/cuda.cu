//// streams
__global__ void rows_kernel($PARAMETERS, int first, int last) {
    int i = first + blockIdx.x * blockDim.x + threadIdx.x;
    if (i < last) { $BODY }
}
#define CHECK(call) do { cudaError_t e = (call); if (e != cudaSuccess) { fprintf(stderr, "%s\n", cudaGetErrorString(e)); exit(1); } } while (0)
extern "C" $HEAD {
    if ($ROWS <= 0) return;
    $COPY_IN
    cudaStream_t streams[2];
    for (int s = 0; s < 2; s++) CHECK(cudaStreamCreate(&streams[s]));
    for (int s = 0; s < 2; s++) {
        int from = s * ($ROWS / 2), to = s ? $ROWS : $ROWS / 2;
        if (to > from) rows_kernel<<<(to - from + 127) / 128, 128, 0, streams[s]>>>($DEVICE_ARGUMENTS, from, to);
    }
    CHECK(cudaDeviceSynchronize());
    for (int s = 0; s < 2; s++) CHECK(cudaStreamDestroy(streams[s]));
    $COPY_OUT
}
//// grid-stride
constexpr int kThreads = 256;
static __global__ void __launch_bounds__(kThreads) stride($PARAMETERS) {
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < $ROWS; i += gridDim.x * blockDim.x) { $BODY }
}
extern "C" $HEAD {
    if ($ROWS == 0) return;
    $COPY_IN
    stride<<<std::min(($ROWS + kThreads - 1) / kThreads, 1024), kThreads>>>($DEVICE_ARGUMENTS);
    $COPY_OUT
}
//// template-kernel
template <int Threads, typename Int>
__global__ void kernel_of(Int rows, $PARAMETERS) {
    const Int i = Int(blockIdx.x) * Threads + threadIdx.x;
    if (i >= rows) return;
    $BODY
}
extern "C" $HEAD {
    if ($ROWS == 0) return;
    $COPY_IN
    const dim3 block(64), grid(($ROWS + 63) / 64);
    kernel_of<64, long><<<grid, block>>>((long)$ROWS, $DEVICE_ARGUMENTS);
    $COPY_OUT
}
//// device-function
__device__ __forceinline__ void one(int i, $PARAMETERS) { $BODY }
__device__ int my_row() { return blockIdx.x * blockDim.x + threadIdx.x; }
__global__ void all_rows($PARAMETERS) {
    const int row = my_row();
    if (row < $ROWS) one(row, $ARGUMENTS);
}
extern "C" $HEAD {
    if ($ROWS == 0) return;
    $COPY_IN
    const int threads = 32, blocks = ($ROWS + threads - 1) / threads;
    all_rows<<<blocks, threads>>>($DEVICE_ARGUMENTS);
    cudaError_t error = cudaGetLastError();
    if (error != cudaSuccess) printf("%s\n", cudaGetErrorString(error));
    $COPY_OUT
}
//// cooperative-launch
#include <cooperative_groups.h>
namespace cg_ = cooperative_groups;
__global__ void together($PARAMETERS) {
    cg_::grid_group grid = cg_::this_grid();
    for (int i = grid.thread_rank(); i < $ROWS; i += grid.size()) { $BODY }
    grid.sync();
}
extern "C" $HEAD {
    if ($ROWS == 0) return;
    $COPY_IN
    void *arguments[] = {$DEVICE_ADDRESSES};
    cudaLaunchCooperativeKernel((void *)together, dim3(2), dim3(64), arguments, 0, 0);
    cudaDeviceSynchronize();
    $COPY_OUT
}
//// macro-launch
#define THREADS 128
#define LAUNCH(kernel, rows, ...) kernel<<<((rows) + THREADS - 1) / THREADS, THREADS>>>(__VA_ARGS__)
#define ROW (blockIdx.x * blockDim.x + threadIdx.x)
__global__ void work($PARAMETERS) {
    const unsigned int i = ROW;
    if (i < (unsigned)$ROWS) { $BODY }
}
extern "C" $HEAD {
    if ($ROWS == 0) return;
    $COPY_IN
    LAUNCH(work, $ROWS, $DEVICE_ARGUMENTS);
    $COPY_OUT
}

// fault: kind=race check=race line=11 other=13 kernel=swap
// A tile meets, but the value is another tile's.
#include <cooperative_groups.h>
namespace cg = cooperative_groups;

__global__ void swap(int *o)
{
    __shared__ int s[64];
    auto tile = cg::tiled_partition<8>(cg::this_thread_block());
    int t = threadIdx.x;
    s[t] = t;
    tile.sync();
    o[t] = s[t ^ 8];
}

int main()
{
    int *o;
    cudaMalloc(&o, 256);
    swap<<<1, 64>>>(o);
    cudaDeviceSynchronize();
}

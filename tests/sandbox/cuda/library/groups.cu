// Tiles, coalesced groups and partitions: a row of 24 answers for each thread.
#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>
#include <cooperative_groups/scan.h>
#include <cooperative_groups/memcpy_async.h>
#include <cstdio>
namespace cg = cooperative_groups;
struct Three { double a; int b; float c; };
template <class G> __device__ int total(G g, int x) { for (int i = g.size() / 2; i > 0; i /= 2) x += g.shfl_down(x, i); return g.shfl(x, 0); }
template <unsigned N, class P> __device__ unsigned tile_size(cg::thread_block_tile<N, P>) { return N; }
__global__ void k(int *out, const int *in) {
    __shared__ int buf[64];
    cg::thread_block block = cg::this_thread_block();
    cg::memcpy_async(block, buf, in, sizeof(int) * 64);
    cg::wait(block);
    auto warp = cg::tiled_partition<32>(block);
    auto t8 = cg::tiled_partition<8>(warp);
    cg::thread_block_tile<4> t4 = cg::tiled_partition<4>(block);
    int r = block.thread_rank();
    int *o = out + r * 24;
    o[0] = total(warp, buf[r]);
    o[1] = cg::reduce(t8, buf[r], cg::plus<int>());
    o[2] = cg::reduce(t4, buf[r], cg::greater<int>());
    o[3] = cg::inclusive_scan(t8, 1);
    o[4] = cg::exclusive_scan(t8, buf[r], cg::plus<int>());
    o[5] = t8.meta_group_rank() * 100 + t8.meta_group_size();
    o[6] = t4.meta_group_rank() * 100 + t4.meta_group_size();
    o[7] = warp.shfl_xor(r, 5);
    Three v{r * 1.5, r, 2.f}; v = t8.shfl(v, 3);
    o[8] = v.a * 2 + v.b;
    o[9] = warp.ballot(r % 3 == 0);
    o[10] = warp.any(r == 5) * 2 + warp.all(r < 32);
    o[11] = t8.match_any(r % 2);
    o[12] = tile_size(t8);
    if (r % 3 == 0) {
        cg::coalesced_group active = cg::coalesced_threads();
        o[13] = active.size() * 100 + active.thread_rank();
        o[14] = cg::reduce(active, r, cg::plus<int>());
        o[15] = active.shfl(r, 1);
    } else o[13] = o[14] = o[15] = -1;
    auto parts = cg::labeled_partition(warp, r % 5);
    o[16] = parts.size() * 1000 + parts.thread_rank() * 10 + parts.meta_group_rank();
    o[17] = cg::reduce(parts, r, [](int a, int b) { return a + b; });
    cg::thread_group g = cg::tiled_partition(cg::this_thread_block(), 16);
    o[18] = g.size() * 100 + g.thread_rank(); g.sync();
    auto half = cg::binary_partition(warp, r & 1);
    o[19] = half.size() * 10 + half.meta_group_rank();
    o[20] = cg::invoke_one_broadcast(t8, [&] { return r * 7; });
    block.sync();
    o[21] = cg::reduce(t8, (float)r, cg::plus<float>()) * 2;
    o[22] = cg::reduce(warp, 1u << (r & 31), cg::bit_or<unsigned>()) == ~0u;
    o[23] = block.group_dim().x;
}
int main() {
    int *in, *out; cudaMallocManaged(&in, 64 * 4); cudaMallocManaged(&out, 64 * 24 * 4);
    for (int i = 0; i < 64; i++) in[i] = i * i % 37;
    k<<<1, 64>>>(out, in);
    if (cudaDeviceSynchronize()) return 1;
    for (int i = 0; i < 64; i++) { for (int j = 0; j < 24; j++) printf("%d ", out[i * 24 + j]); puts(""); }
}

// Warp votes: ballot, all, any, and a stream compaction built on ballot and popc.
#include <cstdio>

__global__ void vote(const int *v, unsigned *ballots, int *alls, int *anys)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x, warp = i / 32;
    unsigned b = __ballot_sync(0xffffffff, v[i] > 50);
    int all = __all_sync(0xffffffff, v[i] >= 10), any = __any_sync(0xffffffff, v[i] == 99);
    if ((threadIdx.x & 31) == 0) {
        ballots[warp] = b;
        alls[warp] = all;
        anys[warp] = any;
    }
}

__device__ __forceinline__ unsigned lanemask_lt() { return (1u << (threadIdx.x & 31)) - 1; }

__global__ void compact(const int *v, int *out, int *per_warp)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x, warp = i / 32;
    bool keep = v[i] > 50;
    unsigned b = __ballot_sync(0xffffffff, keep);
    if (keep) out[warp * 32 + __popc(b & lanemask_lt())] = v[i];
    if ((threadIdx.x & 31) == 0) per_warp[warp] = __popc(b);
}

int main()
{
    const int n = 256, warps = n / 32;
    int v[n], out[n], counts[warps], alls[warps], anys[warps];
    unsigned ballots[warps];
    for (int i = 0; i < n; i++) v[i] = i / 32 == 2 ? 40 + i % 20 : (i * 13) % 100;
    int *dv, *dout, *dc, *dall, *dany;
    unsigned *db;
    cudaMalloc(&dv, sizeof v), cudaMalloc(&dout, sizeof out), cudaMalloc(&dc, sizeof counts);
    cudaMalloc(&dall, sizeof alls), cudaMalloc(&dany, sizeof anys), cudaMalloc(&db, sizeof ballots);
    cudaMemcpy(dv, v, sizeof v, cudaMemcpyHostToDevice);
    cudaMemset(dout, 0, sizeof out);
    vote<<<2, 128>>>(dv, db, dall, dany);
    compact<<<2, 128>>>(dv, dout, dc);
    cudaMemcpy(out, dout, sizeof out, cudaMemcpyDeviceToHost);
    cudaMemcpy(counts, dc, sizeof counts, cudaMemcpyDeviceToHost);
    cudaMemcpy(alls, dall, sizeof alls, cudaMemcpyDeviceToHost);
    cudaMemcpy(anys, dany, sizeof anys, cudaMemcpyDeviceToHost);
    cudaMemcpy(ballots, db, sizeof ballots, cudaMemcpyDeviceToHost);
    int kept = 0;
    for (int w = 0; w < warps; w++) {
        unsigned b = 0;
        int all = 1, any = 0, k = 0;
        for (int l = 0; l < 32; l++) {
            int x = v[w * 32 + l];
            all &= x >= 10;
            any |= x == 99;
            if (x > 50) {
                b |= 1u << l;
                if (out[w * 32 + k++] != x) return 1;
            }
        }
        if (b != ballots[w] || counts[w] != k || !alls[w] != !all || !anys[w] != !any) return 2;
        kept += k;
    }
    cudaFree(dv), cudaFree(dout), cudaFree(dc), cudaFree(dall), cudaFree(dany), cudaFree(db);
    printf("ok votes %d\n", kept);
    return 0;
}

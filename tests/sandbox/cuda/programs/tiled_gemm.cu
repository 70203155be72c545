// Tiled matrix multiplication in shared memory with edges, beside a register-blocked one.
#include <cstdio>
#include <vector>

#define TILE 16

__global__ void gemm(const float *A, const float *B, float *C, int M, int N, int K)
{
    __shared__ float As[TILE][TILE];
    __shared__ float Bs[TILE][TILE + 1];
    int row = blockIdx.y * TILE + threadIdx.y, col = blockIdx.x * TILE + threadIdx.x;
    float acc = 0.0f;
    for (int t = 0; t < (K + TILE - 1) / TILE; ++t) {
        int ka = t * TILE + threadIdx.x, kb = t * TILE + threadIdx.y;
        As[threadIdx.y][threadIdx.x] = row < M && ka < K ? A[row * K + ka] : 0.0f;
        Bs[threadIdx.y][threadIdx.x] = kb < K && col < N ? B[kb * N + col] : 0.0f;
        __syncthreads();
#pragma unroll
        for (int k = 0; k < TILE; ++k) acc += As[threadIdx.y][k] * Bs[k][threadIdx.x];
        __syncthreads();
    }
    if (row < M && col < N) C[row * N + col] = acc;
}

template <int BM, int BK, int TM>
__global__ void gemm_registers(const float *A, const float *B, float *C, int M, int N, int K)
{
    __shared__ float As[BM * BK], Bs[BK * BM];
    const int tx = threadIdx.x % BM, ty = threadIdx.x / BM;
    float sums[TM] = {0.0f};
    A += blockIdx.y * BM * K;
    B += blockIdx.x * BM;
    C += blockIdx.y * BM * N + blockIdx.x * BM;
    for (int k0 = 0; k0 < K; k0 += BK) {
        As[threadIdx.x] = A[threadIdx.x / BK * K + threadIdx.x % BK];
        Bs[threadIdx.x] = B[threadIdx.x / BM * N + threadIdx.x % BM];
        __syncthreads();
        A += BK;
        B += BK * N;
        for (int k = 0; k < BK; ++k) {
            const float b = Bs[k * BM + tx];
            for (int m = 0; m < TM; ++m) sums[m] += As[(ty * TM + m) * BK + k] * b;
        }
        __syncthreads();
    }
    for (int m = 0; m < TM; ++m) C[(ty * TM + m) * N + tx] = sums[m];
}

bool test(int M, int N, int K, bool registers)
{
    std::vector<float> a(M * K), b(K * N), c(M * N);
    for (int i = 0; i < M * K; i++) a[i] = i % 7 - 3;
    for (int i = 0; i < K * N; i++) b[i] = i % 5 - 2;
    float *da, *db, *dc;
    cudaMalloc(&da, a.size() * 4);
    cudaMalloc(&db, b.size() * 4);
    cudaMalloc(&dc, c.size() * 4);
    cudaMemcpy(da, a.data(), a.size() * 4, cudaMemcpyHostToDevice);
    cudaMemcpy(db, b.data(), b.size() * 4, cudaMemcpyHostToDevice);
    if (registers)
        gemm_registers<32, 8, 4><<<dim3(N / 32, M / 32), 256>>>(da, db, dc, M, N, K);
    else
        gemm<<<dim3((N + TILE - 1) / TILE, (M + TILE - 1) / TILE), dim3(TILE, TILE)>>>(da, db, dc, M, N, K);
    cudaMemcpy(c.data(), dc, c.size() * 4, cudaMemcpyDeviceToHost);
    cudaFree(da), cudaFree(db), cudaFree(dc);
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) {
            float want = 0;
            for (int k = 0; k < K; k++) want += a[i * K + k] * b[k * N + j];
            if (c[i * N + j] != want) return printf("C[%d][%d] = %g, want %g\n", i, j, c[i * N + j], want), false;
        }
    return true;
}

int main()
{
    if (!test(48, 32, 64, false) || !test(37, 29, 41, false) || !test(64, 32, 40, true)) return 1;
    puts("ok tiled_gemm");
}

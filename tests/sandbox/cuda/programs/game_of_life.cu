// Conway's life on a torus, with a tile and its halo in shared memory.
#include <cstdio>
#include <cstring>

#define SIZE 50
#define T 10

__global__ void life(const unsigned char *now, unsigned char *next)
{
    __shared__ unsigned char tile[T + 2][T + 2];
    int gx = blockIdx.x * T, gy = blockIdx.y * T;
    for (int k = threadIdx.y * T + threadIdx.x; k < (T + 2) * (T + 2); k += T * T) {
        int ty = k / (T + 2), tx = k % (T + 2);
        int y = (gy + ty - 1 + SIZE) % SIZE, x = (gx + tx - 1 + SIZE) % SIZE;
        tile[ty][tx] = now[y * SIZE + x];
    }
    __syncthreads();
    int x = threadIdx.x + 1, y = threadIdx.y + 1;
    int around = tile[y - 1][x - 1] + tile[y - 1][x] + tile[y - 1][x + 1] + tile[y][x - 1] + tile[y][x + 1] + tile[y + 1][x - 1] + tile[y + 1][x]
                 + tile[y + 1][x + 1];
    next[(gy + threadIdx.y) * SIZE + gx + threadIdx.x] = around == 3 || (around == 2 && tile[y][x]);
}

static void reference(const unsigned char *now, unsigned char *next)
{
    for (int y = 0; y < SIZE; y++)
        for (int x = 0; x < SIZE; x++) {
            int around = 0;
            for (int dy = -1; dy <= 1; dy++)
                for (int dx = -1; dx <= 1; dx++)
                    if (dx || dy) around += now[(y + dy + SIZE) % SIZE * SIZE + (x + dx + SIZE) % SIZE];
            next[y * SIZE + x] = around == 3 || (around == 2 && now[y * SIZE + x]);
        }
}

int main()
{
    unsigned char world[2][SIZE * SIZE] = {}, got[SIZE * SIZE], *d[2];
    for (int i = 0; i < SIZE * SIZE; i++) world[0][i] = i * i % 7 < 2 || i % 11 == 0;
    for (auto &p : d) cudaMalloc(&p, SIZE * SIZE);
    cudaMemcpy(d[0], world[0], SIZE * SIZE, cudaMemcpyHostToDevice);
    for (int g = 0; g < 8; g++) {
        life<<<dim3(SIZE / T, SIZE / T), dim3(T, T)>>>(d[g % 2], d[(g + 1) % 2]);
        reference(world[g % 2], world[(g + 1) % 2]);
    }
    cudaMemcpy(got, d[0], SIZE * SIZE, cudaMemcpyDeviceToHost);
    int alive = 0;
    for (unsigned char c : got) alive += c;
    bool good = memcmp(got, world[0], sizeof got) == 0;
    for (auto p : d) cudaFree(p);
    printf("%s game_of_life %d alive\n", good ? "ok" : "FAILED", alive);
    return !good;
}

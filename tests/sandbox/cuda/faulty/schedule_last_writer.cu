// fault: kind=schedule check=none schedules=4
// Every block claims to be the winner; the last one to write is.
#include <cstdio>

__global__ void claim(int *winner, const int *score, int goal)
{
    if (threadIdx.x == 0 && score[blockIdx.x] >= goal) atomicExch(winner, blockIdx.x);
}

int main()
{
    int score[32], *d, *winner, w = -1;
    for (int i = 0; i < 32; i++) score[i] = i * 11 % 32;
    cudaMalloc(&d, sizeof score);
    cudaMalloc(&winner, sizeof w);
    cudaMemcpy(d, score, sizeof score, cudaMemcpyHostToDevice);
    cudaMemcpy(winner, &w, sizeof w, cudaMemcpyHostToDevice);
    claim<<<32, 32>>>(winner, d, 5);
    cudaMemcpy(&w, winner, sizeof w, cudaMemcpyDeviceToHost);
    printf("block %d wins\n", w);
    cudaFree(d), cudaFree(winner);
    return 0;
}

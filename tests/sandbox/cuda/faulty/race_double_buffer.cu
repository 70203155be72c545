// fault: kind=race check=race line=13 other=13 kernel=diffuse
// Both buffers of the time loop are the same half of the shared array: the index is never flipped.
#include <cstdio>

__global__ void diffuse(float *v, int steps)
{
    __shared__ float s[2][64];
    int t = threadIdx.x, now = 0, left = (t + 63) % 64;
    s[now][t] = v[t];
    __syncthreads();
    for (int k = 0; k < steps; k++) {
        int next = now;
        s[next][t] = 0.5f * (s[now][t] + s[now][left]);
        __syncthreads();
        now = next;
    }
    v[t] = s[now][t];
}

int main()
{
    float h[64] = {64}, *d;
    cudaMalloc(&d, sizeof h);
    cudaMemcpy(d, h, sizeof h, cudaMemcpyHostToDevice);
    diffuse<<<1, 64>>>(d, 5);
    cudaMemcpy(h, d, sizeof h, cudaMemcpyDeviceToHost);
    printf("%f\n", h[1]);
    cudaFree(d);
}

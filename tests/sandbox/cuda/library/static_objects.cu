// A static object that allocates before main and frees after it.
#include <cstdio>
struct Holder { int *p; Holder() { cudaMalloc(&p, 400); cudaMemset(p, 0, 400); } ~Holder() { cudaFree(p); } };
static Holder held;
__global__ void k(int *p) { p[threadIdx.x] += threadIdx.x; }
int main() { k<<<1, 100>>>(held.p); int h[100]; cudaMemcpy(h, held.p, 400, cudaMemcpyDeviceToHost); printf("%d\n", h[99]); }

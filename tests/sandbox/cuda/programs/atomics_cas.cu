// Loops around atomicCAS: maximum and product of doubles, minimum of floats through their bits, a spin lock.
#include <cfloat>
#include <cstdio>

__device__ double atomicMaxDouble(double *address, double val)
{
    unsigned long long int *address_as_ull = (unsigned long long int *)address;
    unsigned long long int old = *address_as_ull, assumed;
    do {
        assumed = old;
        if (__longlong_as_double(assumed) >= val) break;
        old = atomicCAS(address_as_ull, assumed, __double_as_longlong(val));
    } while (assumed != old);
    return __longlong_as_double(old);
}

__device__ float atomicMinFloat(float *address, float val)
{
    int *p = (int *)address, old = *p, assumed;
    do {
        assumed = old;
        old = atomicCAS(p, assumed, __float_as_int(fminf(val, __int_as_float(assumed))));
    } while (assumed != old);
    return __int_as_float(old);
}

struct Lock {
    int *mutex;
    __device__ void lock()
    {
        while (atomicCAS(mutex, 0, 1) != 0) {}
        __threadfence();
    }
    __device__ void unlock()
    {
        __threadfence();
        atomicExch(mutex, 0);
    }
};

__global__ void extremes(const double *v, int n, double *largest, float *smallest)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    atomicMaxDouble(largest, v[i]);
    atomicMinFloat(smallest, (float)v[i]);
}

__global__ void guarded(Lock lock, long *account)
{
    if (threadIdx.x == 0) {
        lock.lock();
        account[0] += blockIdx.x;
        account[1] += 1;
        lock.unlock();
    }
}

int main()
{
    const int n = 700;
    double v[n], largest = -DBL_MAX, *dv, *dl;
    float smallest = FLT_MAX, *ds;
    for (int i = 0; i < n; i++) v[i] = ((i * 577) % 701) * 0.125 - 40;
    cudaMalloc(&dv, sizeof v), cudaMalloc(&dl, sizeof largest), cudaMalloc(&ds, sizeof smallest);
    cudaMemcpy(dv, v, sizeof v, cudaMemcpyHostToDevice);
    cudaMemcpy(dl, &largest, sizeof largest, cudaMemcpyHostToDevice);
    cudaMemcpy(ds, &smallest, sizeof smallest, cudaMemcpyHostToDevice);
    extremes<<<6, 128>>>(dv, n, dl, ds);
    cudaMemcpy(&largest, dl, sizeof largest, cudaMemcpyDeviceToHost);
    cudaMemcpy(&smallest, ds, sizeof smallest, cudaMemcpyDeviceToHost);
    double most = v[0], least = v[0];
    for (double x : v) most = x > most ? x : most, least = x < least ? x : least;
    Lock lock;
    long account[2] = {0, 0}, *da;
    cudaMalloc(&lock.mutex, sizeof(int));
    cudaMemset(lock.mutex, 0, sizeof(int));
    cudaMalloc(&da, sizeof account);
    cudaMemset(da, 0, sizeof account);
    guarded<<<40, 32>>>(lock, da);
    cudaMemcpy(account, da, sizeof account, cudaMemcpyDeviceToHost);
    bool good = largest == most && smallest == (float)least && account[0] == 780 && account[1] == 40;
    cudaFree(dv), cudaFree(dl), cudaFree(ds), cudaFree(lock.mutex), cudaFree(da);
    printf("%s atomics_cas %.3f %.3f %ld\n", good ? "ok" : "FAILED", largest, smallest, account[0]);
    return !good;
}

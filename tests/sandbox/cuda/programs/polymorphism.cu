// Objects with virtual functions made by one kernel and used by another, inheritance, recursion on the device.
#include <cstdio>

class Shape {
public:
    __device__ virtual ~Shape() {}
    __device__ virtual double area() const = 0;
    __device__ virtual int sides() const { return 0; }
};

class Square : public Shape {
public:
    __device__ explicit Square(double a) : a_(a) {}
    __device__ double area() const override { return a_ * a_; }
    __device__ int sides() const override { return 4; }

private:
    double a_;
};

class Disc final : public Shape {
public:
    __device__ explicit Disc(double r) : r_(r) {}
    __device__ double area() const override { return 3 * r_ * r_; }

private:
    double r_;
};

__global__ void create(Shape **shapes, int n)
{
    int i = threadIdx.x;
    if (i < n) shapes[i] = i % 3 ? (Shape *)new Square(i) : new Disc(i);
}

__global__ void measure(Shape **shapes, double *areas, int *sides, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    areas[i] = shapes[i]->area();
    sides[i] = shapes[i]->sides();
}

__global__ void destroy(Shape **shapes, int n)
{
    for (int i = 0; i < n; i++) delete shapes[i];
}

__device__ int fibonacci(int n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }

__global__ void recurse(int *out) { out[threadIdx.x] = fibonacci(threadIdx.x); }

int main()
{
    const int n = 50;
    Shape **shapes;
    double areas[n], *d_areas, sum = 0;
    int sides[n], *d_sides, fib[16], *d_fib;
    cudaMalloc(&shapes, n * sizeof(Shape *));
    cudaMalloc(&d_areas, sizeof areas);
    cudaMalloc(&d_sides, sizeof sides);
    cudaMalloc(&d_fib, sizeof fib);
    create<<<1, 64>>>(shapes, n);
    measure<<<2, 32>>>(shapes, d_areas, d_sides, n);
    destroy<<<1, 1>>>(shapes, n);
    recurse<<<1, 16>>>(d_fib);
    cudaMemcpy(areas, d_areas, sizeof areas, cudaMemcpyDeviceToHost);
    cudaMemcpy(sides, d_sides, sizeof sides, cudaMemcpyDeviceToHost);
    cudaMemcpy(fib, d_fib, sizeof fib, cudaMemcpyDeviceToHost);
    for (int i = 0; i < n; i++) {
        if (areas[i] != (i % 3 ? 1 : 3) * double(i) * i || sides[i] != (i % 3 ? 4 : 0)) return 1;
        sum += areas[i];
    }
    cudaFree(shapes), cudaFree(d_areas), cudaFree(d_sides), cudaFree(d_fib);
    printf("%s polymorphism %.0f %d\n", fib[15] == 610 ? "ok" : "FAILED", sum, fib[15]);
    return fib[15] != 610;
}

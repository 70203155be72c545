// A view class with __host__ __device__ methods and operators, passed to kernels by value.
#include <cstdio>
#include <cstdlib>

#define HD __host__ __device__ __forceinline__

class Complex {
public:
    float re, im;
    HD Complex() : re(0), im(0) {}
    HD Complex(float r, float i = 0) : re(r), im(i) {}
    HD Complex operator+(const Complex &o) const { return Complex(re + o.re, im + o.im); }
    HD Complex operator*(const Complex &o) const { return {re * o.re - im * o.im, re * o.im + im * o.re}; }
    HD float norm2() const { return re * re + im * im; }
};

template <typename T>
struct MatrixView {
    T *data;
    int rows, cols;
    HD T &operator()(int r, int c) { return data[r * cols + c]; }
    HD const T &operator()(int r, int c) const { return data[r * cols + c]; }
    HD int size() const { return rows * cols; }
    static constexpr int tile = 8;
};

template <typename T>
__global__ void multiply(const MatrixView<T> a, const MatrixView<T> b, MatrixView<T> c)
{
    int row = blockIdx.y * blockDim.y + threadIdx.y;
    int col = blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= c.rows || col >= c.cols) return;
    T sum = T();
    for (int k = 0; k < a.cols; ++k) sum = sum + a(row, k) * b(k, col);
    c(row, col) = sum;
}

template <typename T>
class DeviceMatrix {
public:
    DeviceMatrix(int rows, int cols) : view_{nullptr, rows, cols} { cudaMalloc(&view_.data, bytes()); }
    ~DeviceMatrix() { cudaFree(view_.data); }
    DeviceMatrix(const DeviceMatrix &) = delete;
    DeviceMatrix &operator=(const DeviceMatrix &) = delete;
    void upload(const T *src) { cudaMemcpy(view_.data, src, bytes(), cudaMemcpyHostToDevice); }
    void download(T *dst) const { cudaMemcpy(dst, view_.data, bytes(), cudaMemcpyDeviceToHost); }
    MatrixView<T> view() const { return view_; }

private:
    size_t bytes() const { return sizeof(T) * view_.size(); }
    MatrixView<T> view_;
};

int main()
{
    const int M = 19, K = 11, N = 23;
    Complex a[M * K], b[K * N], c[M * N];
    for (int i = 0; i < M * K; i++) a[i] = Complex(i % 5 - 2, i % 3);
    for (int i = 0; i < K * N; i++) b[i] = Complex(i % 7 - 3, -(i % 2));
    DeviceMatrix<Complex> da(M, K), db(K, N), dc(M, N);
    da.upload(a);
    db.upload(b);
    const int tile = MatrixView<Complex>::tile;
    multiply<<<dim3((N + tile - 1) / tile, (M + tile - 1) / tile), dim3(tile, tile)>>>(da.view(), db.view(), dc.view());
    dc.download(c);
    double checksum = 0;
    MatrixView<Complex> va{a, M, K}, vb{b, K, N}, vc{c, M, N};
    for (int r = 0; r < M; r++)
        for (int s = 0; s < N; s++) {
            Complex want;
            for (int k = 0; k < K; k++) want = want + va(r, k) * vb(k, s);
            if (want.re != vc(r, s).re || want.im != vc(r, s).im) return printf("mismatch at %d %d\n", r, s), EXIT_FAILURE;
            checksum += vc(r, s).norm2();
        }
    printf("ok matrix_class %.0f\n", checksum);
}

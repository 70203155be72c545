//// axpy transform
extern "C" void axpy(int n, double a, const double *x, double *y) {
#pragma omp parallel
    {
        const int t = omp_get_thread_num(), p = omp_get_num_threads();
        const int lo = 1LL * n * t / p, hi = 1LL * n * (t + 1) / p;
        std::transform(x + lo, x + hi, y + lo, y + lo, [a](double xi, double yi) { return a * xi + yi; });
    }
}
//// gemv inner-product
extern "C" void gemv(int m, int n, const double *A, const double *x, double *y) {
#pragma omp parallel for
    for (int i = 0; i < m; ++i) y[i] = std::inner_product(x, x + n, A + std::size_t(i) * n, 0.0);
}
//// gemv references
extern "C" void gemv(int m, int n, const double *A, const double *x, double *y) {
#pragma omp parallel for
    for (int i = 0; i < m; ++i) {
        double &yi = y[i];
        yi = 0;
        for (int j = 0; j < n; ++j) yi += A[std::size_t(i) * n + j] * x[j];
    }
}
//// gemm matrix-class
template <typename T>
struct Matrix {
    T *data;
    int columns;
    T &operator()(int i, int j) const { return data[std::size_t(i) * columns + j]; }
};
extern "C" void gemm(int m, int n, int k, const double *A, const double *B, double *C) {
    const Matrix<const double> a{A, k}, b{B, n};
    Matrix<double> c{C, n};
#pragma omp parallel for
    for (int i = 0; i < m; ++i) {
        std::vector<double> row(n, 0.0);
        for (int l = 0; l < k; ++l)
            for (int j = 0; j < n; ++j) row[j] += a(i, l) * b(l, j);
        for (int j = 0; j < n; ++j) c(i, j) = row[j];
    }
}
//// jacobi vectors
extern "C" void jacobi(int n, int iterations, const double *b, double *u) {
    std::vector<double> now(u, u + std::size_t(n) * n), next(now);
    for (int sweep = 0; sweep < iterations; ++sweep) {
#pragma omp parallel for collapse(2)
        for (int i = 1; i < n - 1; ++i)
            for (int j = 1; j < n - 1; ++j) {
                const std::size_t at = std::size_t(i) * n + j;
                next[at] = (now[at - n] + now[at + n] + now[at - 1] + now[at + 1] + b[at]) / 4.0;
            }
        now.swap(next);
    }
    std::copy(now.begin(), now.end(), u);
}
//// cg own-reduction
using Vector = std::vector<double>;
struct Sum { double value = 0.0; };
#pragma omp declare reduction(add : Sum : omp_out.value += omp_in.value)
static double dot(const Vector &a, const Vector &b) {
    Sum sum;
#pragma omp parallel for reduction(add : sum)
    for (std::size_t i = 0; i < a.size(); ++i) sum.value += a[i] * b[i];
    return sum.value;
}
struct Csr {
    int n;
    const int *row_ptr, *col;
    const double *val;
    Vector operator*(const Vector &x) const {
        Vector y(n);
#pragma omp parallel for
        for (int i = 0; i < n; ++i)
            for (int e = row_ptr[i]; e < row_ptr[i + 1]; ++e) y[i] += val[e] * x[col[e]];
        return y;
    }
};
extern "C" void cg(int n, const int *row_ptr, const int *col, const double *val, const double *b, double *x, int max_iterations, double tolerance) {
    const Csr A{n, row_ptr, col, val};
    Vector r(n), right(b, b + n);
    const Vector Ax = A * Vector(x, x + n);
    for (int i = 0; i < n; ++i) r[i] = b[i] - Ax[i];
    Vector p = r;
    double rho = dot(r, r);
    const double limit = tolerance * std::sqrt(dot(right, right));
    for (int step = 0; step < max_iterations && std::sqrt(rho) > limit; ++step) {
        const Vector q = A * p;
        const double alpha = rho / dot(p, q);
#pragma omp parallel for
        for (int i = 0; i < n; ++i) {
            x[i] += alpha * p[i];
            r[i] -= alpha * q[i];
        }
        const double next = dot(r, r), beta = next / rho;
        rho = next;
#pragma omp parallel for simd
        for (int i = 0; i < n; ++i) p[i] = r[i] + beta * p[i];
    }
}

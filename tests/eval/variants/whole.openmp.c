//// axpy pointers
void axpy(int n, double a, const double *restrict x, double *restrict y) {
#pragma omp parallel
    {
        const int threads = omp_get_num_threads(), thread = omp_get_thread_num();
        const double *px = x + (size_t)n * thread / threads, *end = x + (size_t)n * (thread + 1) / threads;
        double *py = y + (px - x);
        while (px < end) *py++ += a * *px++;
    }
}
//// axpy intrinsics
#include <immintrin.h>
void axpy(int n, double a, const double *x, double *y) {
    const __m128d factor = _mm_set1_pd(a);
#pragma omp parallel for
    for (int i = 0; i < n - n % 2; i += 2) _mm_storeu_pd(y + i, _mm_add_pd(_mm_loadu_pd(y + i), _mm_mul_pd(factor, _mm_loadu_pd(x + i))));
    if (n % 2) y[n - 1] += a * x[n - 1];
}
//// axpy unrolled
void axpy(int n, double a, const double *x, double *y) {
#pragma omp parallel
    {
#pragma omp for nowait
        for (int i = 0; i < n / 4; i++) {
            y[4 * i] += a * x[4 * i];
            y[4 * i + 1] += a * x[4 * i + 1];
            y[4 * i + 2] += a * x[4 * i + 2];
            y[4 * i + 3] += a * x[4 * i + 3];
        }
#pragma omp single
        for (int i = n - n % 4; i < n; i++) y[i] += a * x[i];
    }
}
//// gemv columns-with-array-reduction
void gemv(int m, int n, const double *A, const double *x, double *y) {
    for (int i = 0; i < m; i++) y[i] = 0.0;
    if (m == 0) return;
#pragma omp parallel for reduction(+ : y[:m])
    for (int j = 0; j < n; j++)
        for (int i = 0; i < m; i++) y[i] += A[(size_t)i * n + j] * x[j];
}
//// gemv columns-with-atomics
void gemv(int m, int n, const double *A, const double *x, double *y) {
#pragma omp parallel
    {
#pragma omp for
        for (int i = 0; i < m; i++) y[i] = 0;
#pragma omp for
        for (int j = 0; j < n; j++)
            for (int i = 0; i < m; i++) {
                const double term = A[(size_t)i * n + j] * x[j];
#pragma omp atomic
                y[i] += term;
            }
    }
}
//// gemv own-copies-and-critical
void gemv(int m, int n, const double *A, const double *x, double *y) {
    memset(y, 0, m * sizeof *y);
#pragma omp parallel
    {
        double *mine = calloc(m + 1, sizeof *mine);
#pragma omp for nowait
        for (int j = 0; j < n; j++)
            for (int i = 0; i < m; i++) mine[i] += A[(size_t)i * n + j] * x[j];
#pragma omp critical(merge)
        for (int i = 0; i < m; i++) y[i] += mine[i];
        free(mine);
    }
}
//// gemm jki
void gemm(int m, int n, int k, const double *A, const double *B, double *C) {
#pragma omp parallel for
    for (int j = 0; j < n; j++) {
        for (int i = 0; i < m; i++) C[(size_t)i * n + j] = 0.0;
        for (int l = 0; l < k; l++)
            for (int i = 0; i < m; i++) C[(size_t)i * n + j] += A[(size_t)i * k + l] * B[(size_t)l * n + j];
    }
}
//// gemm collapse
void gemm(int m, int n, int k, const double *A, const double *B, double *C) {
#pragma omp parallel for collapse(2) schedule(dynamic, 4)
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            double sum = 0.0;
            for (int l = 0; l < k; l++) sum += A[(size_t)i * k + l] * B[(size_t)l * n + j];
            C[(size_t)i * n + j] = sum;
        }
}
//// gemm tiles
enum { TILE = 16 };
static int least(int a, int b) { return a < b ? a : b; }
void gemm(int m, int n, int k, const double *A, const double *B, double *C) {
#pragma omp parallel for collapse(2)
    for (int ii = 0; ii < m; ii += TILE)
        for (int jj = 0; jj < n; jj += TILE) {
            double tile[TILE][TILE] = {{0}};
            for (int ll = 0; ll < k; ll += TILE)
                for (int i = ii; i < least(ii + TILE, m); i++)
                    for (int l = ll; l < least(ll + TILE, k); l++)
                        for (int j = jj; j < least(jj + TILE, n); j++) tile[i - ii][j - jj] += A[(size_t)i * k + l] * B[(size_t)l * n + j];
            for (int i = ii; i < least(ii + TILE, m); i++)
                for (int j = jj; j < least(jj + TILE, n); j++) C[(size_t)i * n + j] = tile[i - ii][j - jj];
        }
}
//// gemm inner-reduction
void gemm(int m, int n, int k, const double *A, const double *B, double *C) {
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            double sum = 0.0;
#pragma omp parallel for reduction(+ : sum) if (k > 8)
            for (int l = 0; l < k; l++) sum += A[(size_t)i * k + l] * B[(size_t)l * n + j];
            C[(size_t)i * n + j] = sum;
        }
}
//// spmv edges
void spmv(int n, const int *row_ptr, const int *col, const double *val, const double *x, double *y) {
#pragma omp parallel
    {
#pragma omp for
        for (int i = 0; i < n; i++) {
            y[i] = 0.0;
            int e = row_ptr[i];
            const int end = row_ptr[i + 1];
            while (e < end) {
                y[i] += val[e] * x[col[e]];
                e++;
            }
        }
    }
}
//// jacobi one-region
void jacobi(int n, int iterations, const double *b, double *u) {
    double *next = malloc((size_t)n * n * sizeof(double) + 1);
    memcpy(next, u, (size_t)n * n * sizeof(double));
    double *from = u, *to = next;
#pragma omp parallel firstprivate(from, to)
    for (int sweep = 0; sweep < iterations; sweep++) {
#pragma omp for
        for (int i = 1; i < n - 1; i++)
            for (int j = 1; j < n - 1; j++) {
                const size_t at = (size_t)i * n + j;
                to[at] = 0.25 * (from[at - n] + from[at + n] + from[at - 1] + from[at + 1] + b[at]);
            }
        double *swap = from;
        from = to;
        to = swap;
    }
    if (iterations % 2) memcpy(u, next, (size_t)n * n * sizeof(double));
    free(next);
}
//// jacobi swaps-in-single
void jacobi(int n, int iterations, const double *b, double *u) {
    double *grid[2] = {u, malloc((size_t)n * n * sizeof(double) + 1)};
    memcpy(grid[1], u, (size_t)n * n * sizeof(double));
    int now = 0;
#pragma omp parallel
    {
        for (int sweep = 0; sweep < iterations; sweep++) {
#pragma omp for schedule(static)
            for (int i = 1; i < n - 1; i++)
                for (int j = 1; j < n - 1; j++)
                    grid[1 - now][i * n + j] =
                        (grid[now][(i - 1) * n + j] + grid[now][(i + 1) * n + j] + grid[now][i * n + j - 1] + grid[now][i * n + j + 1] + b[i * n + j]) / 4;
#pragma omp single
            now = 1 - now;
        }
    }
    if (now) memcpy(u, grid[1], (size_t)n * n * sizeof(double));
    free(grid[1]);
}
//// jacobi barriers-by-hand
void jacobi(int n, int iterations, const double *b, double *u) {
    double *next = malloc((size_t)n * n * sizeof(double) + 1);
#pragma omp parallel
    {
        const int t = omp_get_thread_num(), p = omp_get_num_threads(), rows = n > 2 ? n - 2 : 0;
        const int lo = 1 + rows * t / p, hi = 1 + rows * (t + 1) / p;
        for (int sweep = 0; sweep < iterations; sweep++) {
            for (int i = lo; i < hi; i++)
                for (int j = 1; j < n - 1; j++)
                    next[i * n + j] = (u[(i - 1) * n + j] + u[(i + 1) * n + j] + u[i * n + j - 1] + u[i * n + j + 1] + b[i * n + j]) / 4;
#pragma omp barrier
            for (int i = lo; i < hi; i++) memcpy(u + (size_t)i * n + 1, next + (size_t)i * n + 1, (n - 2) * sizeof *u);
#pragma omp barrier
        }
    }
    free(next);
}
//// jacobi helpers-with-orphans
static void sweep(int n, const double *b, const double *from, double *to) {
#pragma omp for collapse(2)
    for (int i = 1; i < n - 1; i++)
        for (int j = 1; j < n - 1; j++) {
            const size_t at = (size_t)i * n + j;
            to[at] = (from[at - n] + from[at + n] + from[at - 1] + from[at + 1] + b[at]) / 4.0;
        }
}
static void copy(int n, const double *from, double *to) {
#pragma omp for
    for (int i = 1; i < n - 1; i++)
        for (int j = 1; j < n - 1; j++) to[(size_t)i * n + j] = from[(size_t)i * n + j];
}
void jacobi(int n, int iterations, const double *b, double *u) {
    double *next = malloc((size_t)n * n * sizeof(double) + 1);
    for (int k = 0; k < iterations; k++) {
#pragma omp parallel
        {
            sweep(n, b, u, next);
            copy(n, next, u);
        }
    }
    free(next);
}
//// cg helpers
static double dot(int n, const double *a, const double *b) {
    double sum = 0.0;
#pragma omp parallel for reduction(+ : sum)
    for (int i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}
static void multiply(int n, const int *row_ptr, const int *col, const double *val, const double *x, double *y) {
#pragma omp parallel for schedule(dynamic, 32)
    for (int i = 0; i < n; i++) {
        double sum = 0.0;
        for (int e = row_ptr[i]; e < row_ptr[i + 1]; e++) sum += val[e] * x[col[e]];
        y[i] = sum;
    }
}
static void add(int n, double a, const double *x, double *y) {
#pragma omp parallel for
    for (int i = 0; i < n; i++) y[i] += a * x[i];
}
void cg(int n, const int *row_ptr, const int *col, const double *val, const double *b, double *x, int max_iterations, double tolerance) {
    double *r = malloc((n + 1) * sizeof(double)), *p = malloc((n + 1) * sizeof(double)), *q = malloc((n + 1) * sizeof(double));
    multiply(n, row_ptr, col, val, x, q);
    for (int i = 0; i < n; i++) p[i] = r[i] = b[i] - q[i];
    double rho = dot(n, r, r);
    const double limit = tolerance * sqrt(dot(n, b, b));
    for (int step = 0; step < max_iterations; step++) {
        if (sqrt(rho) <= limit) break;
        multiply(n, row_ptr, col, val, p, q);
        const double alpha = rho / dot(n, p, q);
        add(n, alpha, p, x);
        add(n, -alpha, q, r);
        const double next = dot(n, r, r);
#pragma omp parallel for
        for (int i = 0; i < n; i++) p[i] = r[i] + next / rho * p[i];
        rho = next;
    }
    free(r);
    free(p);
    free(q);
}
//// cg one-region
void cg(int n, const int *row_ptr, const int *col, const double *val, const double *b, double *x, int max_iterations, double tolerance) {
    double *r = malloc((n + 1) * sizeof(double)), *p = malloc((n + 1) * sizeof(double)), *q = malloc((n + 1) * sizeof(double));
    double rho = 0, bb = 0, pq = 0, next = 0;
#pragma omp parallel
    {
#pragma omp for reduction(+ : rho, bb)
        for (int i = 0; i < n; i++) {
            double sum = b[i];
            for (int e = row_ptr[i]; e < row_ptr[i + 1]; e++) sum -= val[e] * x[col[e]];
            p[i] = r[i] = sum;
            rho += sum * sum;
            bb += b[i] * b[i];
        }
        for (int step = 0; step < max_iterations && sqrt(rho) > tolerance * sqrt(bb); step++) {
#pragma omp barrier
#pragma omp single
            pq = next = 0;
#pragma omp for reduction(+ : pq)
            for (int i = 0; i < n; i++) {
                double sum = 0;
                for (int e = row_ptr[i]; e < row_ptr[i + 1]; e++) sum += val[e] * p[col[e]];
                q[i] = sum;
                pq += p[i] * sum;
            }
#pragma omp for reduction(+ : next)
            for (int i = 0; i < n; i++) {
                x[i] += rho / pq * p[i];
                r[i] -= rho / pq * q[i];
                next += r[i] * r[i];
            }
#pragma omp for
            for (int i = 0; i < n; i++) p[i] = r[i] + next / rho * p[i];
#pragma omp single
            rho = next;
        }
    }
    free(q);
    free(p);
    free(r);
}
//// cg atomics
static void add_to(double *to, double value) {
#pragma omp atomic update
    *to += value;
}
void cg(int n, const int *row_ptr, const int *col, const double *val, const double *b, double *x, int max_iterations, double tolerance) {
    double *space = calloc(3 * (size_t)n + 3, sizeof(double)), *r = space, *p = r + n, *q = p + n;
    double rho = 0.0, bb = 0.0;
#pragma omp parallel
    {
        double mine = 0.0, of_b = 0.0;
#pragma omp for
        for (int i = 0; i < n; i++) {
            double sum = b[i];
            for (int e = row_ptr[i]; e < row_ptr[i + 1]; e++) sum -= val[e] * x[col[e]];
            r[i] = p[i] = sum;
            mine += sum * sum;
            of_b += b[i] * b[i];
        }
        add_to(&rho, mine);
        add_to(&bb, of_b);
    }
    for (int step = 0; step < max_iterations && rho > tolerance * tolerance * bb; step++) {
        double pq = 0.0, next = 0.0;
#pragma omp parallel for reduction(+ : pq)
        for (int i = 0; i < n; i++) {
            q[i] = 0;
            for (int e = row_ptr[i]; e < row_ptr[i + 1]; e++) q[i] += val[e] * p[col[e]];
            pq += p[i] * q[i];
        }
        const double alpha = rho / pq;
#pragma omp parallel for reduction(+ : next)
        for (int i = 0; i < n; i++) x[i] += alpha * p[i], r[i] -= alpha * q[i], next += r[i] * r[i];
#pragma omp parallel for
        for (int i = 0; i < n; i++) p[i] = r[i] + next / rho * p[i];
        rho = next;
    }
    free(space);
}

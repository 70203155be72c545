#include <math.h>
#include <stdlib.h>

void cg(int n, const int *row_ptr, const int *col, const double *val, const double *b, double *x, int max_iterations, double tolerance) {
    const int nnz = row_ptr[n];
    double *r = malloc((n + 1) * sizeof(double)), *p = malloc((n + 1) * sizeof(double)), *q = malloc((n + 1) * sizeof(double));
    double rho = 0.0, bb = 0.0;
#pragma omp target data map(to : row_ptr[0 : n + 1], col[0 : nnz], val[0 : nnz], b[0 : n]) map(tofrom : x[0 : n]) map(alloc : r[0 : n], p[0 : n], q[0 : n])
    {
#pragma omp target teams distribute parallel for map(tofrom : rho, bb) reduction(+ : rho, bb)
        for (int i = 0; i < n; i++) {
            double sum = b[i];
            for (int e = row_ptr[i]; e < row_ptr[i + 1]; e++) sum -= val[e] * x[col[e]];
            r[i] = p[i] = sum;
            rho += sum * sum;
            bb += b[i] * b[i];
        }
        const double limit = tolerance * sqrt(bb);
        for (int step = 0; step < max_iterations && sqrt(rho) > limit; step++) {
            double pq = 0.0, next = 0.0;
#pragma omp target teams distribute parallel for map(tofrom : pq) reduction(+ : pq)
            for (int i = 0; i < n; i++) {
                double sum = 0.0;
                for (int e = row_ptr[i]; e < row_ptr[i + 1]; e++) sum += val[e] * p[col[e]];
                q[i] = sum;
                pq += p[i] * sum;
            }
            const double alpha = rho / pq;
#pragma omp target teams distribute parallel for map(tofrom : next) reduction(+ : next)
            for (int i = 0; i < n; i++) {
                x[i] += alpha * p[i];
                r[i] -= alpha * q[i];
                next += r[i] * r[i];
            }
            const double beta = next / rho;
            rho = next;
#pragma omp target teams distribute parallel for
            for (int i = 0; i < n; i++) p[i] = r[i] + beta * p[i];
        }
    }
    free(q);
    free(p);
    free(r);
}

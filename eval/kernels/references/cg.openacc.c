#include <math.h>
#include <stdlib.h>

static void multiply(int n, const int *row_ptr, const int *col, const double *val, const double *v, double *w) {
#pragma acc parallel loop present(row_ptr, col, val, v, w)
    for (int i = 0; i < n; i++) {
        double sum = 0.0;
        for (int e = row_ptr[i]; e < row_ptr[i + 1]; e++) sum += val[e] * v[col[e]];
        w[i] = sum;
    }
}

static double dot(int n, const double *v, const double *w) {
    double sum = 0.0;
#pragma acc parallel loop reduction(+ : sum) present(v, w)
    for (int i = 0; i < n; i++) sum += v[i] * w[i];
    return sum;
}

/* v = a v + c w */
static void combine(int n, double a, double *v, double c, const double *w) {
#pragma acc parallel loop present(v, w)
    for (int i = 0; i < n; i++) v[i] = a * v[i] + c * w[i];
}

void cg(int n, const int *row_ptr, const int *col, const double *val, const double *b, double *x, int max_iterations, double tolerance) {
    const int entries = row_ptr[n];
    double *r = malloc((n + 1) * sizeof(double)), *p = malloc((n + 1) * sizeof(double)), *q = malloc((n + 1) * sizeof(double));
#pragma acc data copyin(row_ptr[0 : n + 1], col[0 : entries], val[0 : entries], b[0 : n]) copy(x[0 : n]) create(r[0 : n], p[0 : n], q[0 : n])
    {
        const double limit = tolerance * sqrt(dot(n, b, b));
        multiply(n, row_ptr, col, val, x, q);
#pragma acc parallel loop present(b, r, p, q)
        for (int i = 0; i < n; i++) p[i] = r[i] = b[i] - q[i];
        double rho = dot(n, r, r);
        for (int step = 0; step < max_iterations && sqrt(rho) > limit; step++) {
            multiply(n, row_ptr, col, val, p, q);
            const double alpha = rho / dot(n, p, q);
            combine(n, 1.0, x, alpha, p);
            combine(n, 1.0, r, -alpha, q);
            const double before = rho;
            rho = dot(n, r, r);
            combine(n, rho / before, p, 1.0, r);
        }
    }
    free(q);
    free(p);
    free(r);
}

#include <cmath>
#include <vector>

extern "C" void cg(int n, const int *row_ptr, const int *col, const double *val, const double *b, double *x, int max_iterations, double tolerance) {
    std::vector<double> r(n);
    std::vector<double> p(n);
    std::vector<double> q(n);
    double rho = 0.0, bb = 0.0;
    for (int i = 0; i < n; i++) {
        double sum = b[i];
        for (int e = row_ptr[i]; e < row_ptr[i + 1]; e++) sum -= val[e] * x[col[e]];
        r[i] = sum;
        p[i] = sum;
        rho += sum * sum;
        bb += b[i] * b[i];
    }
    const double limit = tolerance * std::sqrt(bb);
    for (int step = 0; step < max_iterations && std::sqrt(rho) > limit; step++) {
        double pq = 0.0;
        for (int i = 0; i < n; i++) {
            double sum = 0.0;
            for (int e = row_ptr[i]; e < row_ptr[i + 1]; e++) sum += val[e] * p[col[e]];
            q[i] = sum;
            pq += p[i] * sum;
        }
        const double alpha = rho / pq;
        double next = 0.0;
        for (int i = 0; i < n; i++) {
            x[i] += alpha * p[i];
            r[i] -= alpha * q[i];
            next += r[i] * r[i];
        }
        const double beta = next / rho;
        rho = next;
        for (int i = 0; i < n; i++) p[i] = r[i] + beta * p[i];
    }
}

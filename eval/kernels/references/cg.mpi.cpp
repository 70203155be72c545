#include <mpi.h>
#include <cmath>
#include <vector>

extern "C" void cg(int n, const int *row_ptr, const int *col, const double *val, const double *b, double *x, int max_iterations, double tolerance) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    std::vector<int> counts(ranks);
    std::vector<int> first(ranks);
    for (int r = 0; r < ranks; r++) {
        const int from = static_cast<int>(static_cast<long long>(n) * r / ranks), to = static_cast<int>(static_cast<long long>(n) * (r + 1) / ranks);
        first[r] = from;
        counts[r] = (to - from);
    }
    const int lo = static_cast<int>(static_cast<long long>(n) * rank / ranks), hi = static_cast<int>(static_cast<long long>(n) * (rank + 1) / ranks);
    std::vector<double> r(n);
    std::vector<double> p(n);
    std::vector<double> q(n);
    double local[2] = {0.0, 0.0}, total[2];
    for (int i = lo; i < hi; i++) {
        double sum = b[i];
        for (int e = row_ptr[i]; e < row_ptr[i + 1]; e++) sum -= val[e] * x[col[e]];
        r[i] = sum;
        p[i] = sum;
        local[0] += sum * sum;
        local[1] += b[i] * b[i];
    }
    MPI_Allreduce(local, total, 2, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    double rho = total[0];
    const double limit = tolerance * std::sqrt(total[1]);
    for (int step = 0; step < max_iterations && std::sqrt(rho) > limit; step++) {
        MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, p.data(), counts.data(), first.data(), MPI_DOUBLE, MPI_COMM_WORLD);
        double part = 0.0, pq = 0.0, next = 0.0;
        for (int i = lo; i < hi; i++) {
            double sum = 0.0;
            for (int e = row_ptr[i]; e < row_ptr[i + 1]; e++) sum += val[e] * p[col[e]];
            q[i] = sum;
            part += p[i] * sum;
        }
        MPI_Allreduce(&part, &pq, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
        const double alpha = rho / pq;
        part = 0.0;
        for (int i = lo; i < hi; i++) {
            x[i] += alpha * p[i];
            r[i] -= alpha * q[i];
            part += r[i] * r[i];
        }
        MPI_Allreduce(&part, &next, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
        const double beta = next / rho;
        rho = next;
        for (int i = lo; i < hi; i++) p[i] = r[i] + beta * p[i];
    }
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, x, counts.data(), first.data(), MPI_DOUBLE, MPI_COMM_WORLD);
}

#include <Kokkos_Core.hpp>

#include <cmath>

namespace {

using Range = Kokkos::RangePolicy<Kokkos::DefaultHostExecutionSpace>;
using Unmanaged = Kokkos::MemoryTraits<Kokkos::Unmanaged>;
using Ints = Kokkos::View<const int *, Kokkos::HostSpace, Unmanaged>;
using In = Kokkos::View<const double *, Kokkos::HostSpace, Unmanaged>;
using Vector = Kokkos::View<double *, Kokkos::HostSpace>;

double dot(const In &v, const In &w) {
    double sum = 0.0;
    Kokkos::parallel_reduce("dot", Range(0, v.extent(0)), KOKKOS_LAMBDA(int i, double &part) { part += v(i) * w(i); }, sum);
    return sum;
}

}  // namespace

extern "C" void cg(int n, const int *row_ptr, const int *col, const double *val, const double *b, double *x, int max_iterations, double tolerance) {
    const Ints rows(row_ptr, n + 1), columns(col, row_ptr[n]);
    const In values(val, row_ptr[n]), rhs(b, n);
    const Kokkos::View<double *, Kokkos::HostSpace, Unmanaged> solution(x, n);
    const Vector r("r", n), p("p", n), q("q", n);
    const auto multiply = [=](const In &v) {
        Kokkos::parallel_for("spmv", Range(0, n), [=](int i) {
            double sum = 0.0;
            for (int e = rows(i); e < rows(i + 1); ++e) sum += values(e) * v(columns(e));
            q(i) = sum;
        });
    };
    multiply(solution);
    Kokkos::parallel_for("residual", Range(0, n), KOKKOS_LAMBDA(int i) { r(i) = p(i) = rhs(i) - q(i); });
    const double limit = tolerance * std::sqrt(dot(rhs, rhs));
    double rho = dot(r, r);
    for (int step = 0; step < max_iterations && std::sqrt(rho) > limit; ++step) {
        multiply(p);
        const double alpha = rho / dot(p, q);
        Kokkos::parallel_for("update", Range(0, n), KOKKOS_LAMBDA(int i) {
            solution(i) += alpha * p(i);
            r(i) -= alpha * q(i);
        });
        const double next = dot(r, r), beta = next / rho;
        rho = next;
        Kokkos::parallel_for("direction", Range(0, n), KOKKOS_LAMBDA(int i) { p(i) = r(i) + beta * p(i); });
    }
    Kokkos::fence();
}

#include <mpi.h>
#include <omp.h>
#include <cmath>
#include <complex>
#include <vector>

namespace {

using Complex = std::complex<double>;

// Transforms every stride-th number of `in`, `n` of them, to `out`.
void transform(int n, const Complex *in, int stride, Complex *out) {
    if (n == 1) {
        *out = *in;
        return;
    }
    transform(n / 2, in, 2 * stride, out);
    transform(n / 2, in + stride, 2 * stride, out + n / 2);
    for (int k = 0; k < n / 2; ++k) {
        const Complex odd = std::polar(1.0, -2.0 * M_PI * k / n) * out[k + n / 2];
        out[k + n / 2] = out[k] - odd;
        out[k] += odd;
    }
}

}  // namespace

// The numbers are dealt into `parts` subsequences; ranks transform some of them, their threads each one at a time, and
// after they were gathered all results are combined, again by the threads.
extern "C" void fft(int n, double *re, double *im) {
    int rank, ranks, parts = 1;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    while (parts < n && parts < 16) parts *= 2;
    const int length = n / parts;
    std::vector<Complex> in(n), part(n);
    for (int i = 0; i < n; ++i) in[i] = Complex(re[i], im[i]);
    std::vector<int> counts(ranks), displs(ranks);
    for (int r = 0; r < ranks; ++r) {
        displs[r] = 2 * length * (parts * r / ranks);
        counts[r] = 2 * length * (parts * (r + 1) / ranks) - displs[r];
    }
#pragma omp parallel for schedule(dynamic, 1)
    for (int p = parts * rank / ranks; p < parts * (rank + 1) / ranks; ++p) transform(length, &in[p], parts, &part[static_cast<size_t>(p) * length]);
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, part.data(), counts.data(), displs.data(), MPI_DOUBLE, MPI_COMM_WORLD);
#pragma omp parallel for
    for (int k = 0; k < n; ++k) {
        Complex sum = 0.0;
        for (int p = 0; p < parts; ++p)
            sum += std::polar(1.0, -2.0 * M_PI * static_cast<double>(static_cast<long>(p) * k % n) / n) * part[static_cast<size_t>(p) * length + k % length];
        re[k] = sum.real();
        im[k] = sum.imag();
    }
}

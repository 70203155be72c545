#include <mpi.h>
#include <cmath>
#include <complex>
#include <vector>

// Six-step method: n = rows x columns, transforms of the columns, twiddle factors, transforms of the rows.
// Columns and rows are shared out between the ranks, and what they computed is gathered in between.
namespace {

using Complex = std::complex<double>;

void transform(std::vector<Complex> &x) {
    const std::size_t n = x.size();
    if (n == 1) return;
    std::vector<Complex> even(n / 2), odd(n / 2);
    for (std::size_t k = 0; k < n / 2; ++k) {
        even[k] = x[2 * k];
        odd[k] = x[2 * k + 1];
    }
    transform(even);
    transform(odd);
    for (std::size_t k = 0; k < n / 2; ++k) {
        const Complex t = std::polar(1.0, -2.0 * M_PI * static_cast<double>(k) / static_cast<double>(n)) * odd[k];
        x[k] = even[k] + t;
        x[k + n / 2] = even[k] - t;
    }
}

void gather(std::vector<Complex> &table, int lines, int length, int ranks) {
    std::vector<int> counts(ranks), offsets(ranks);
    for (int r = 0; r < ranks; ++r) {
        offsets[r] = 2 * length * (lines * r / ranks);
        counts[r] = 2 * length * (lines * (r + 1) / ranks) - offsets[r];
    }
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, table.data(), counts.data(), offsets.data(), MPI_DOUBLE, MPI_COMM_WORLD);
}

}  // namespace

extern "C" void fft(int n, double *re, double *im) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    int rows = 1;
    while (rows * rows < n) rows *= 2;
    const int columns = n / rows;

    std::vector<Complex> table(n), line(rows);
    for (int c = columns * rank / ranks; c < columns * (rank + 1) / ranks; ++c) {
        for (int r = 0; r < rows; ++r) line[r] = {re[r * columns + c], im[r * columns + c]};
        transform(line);
        for (int r = 0; r < rows; ++r) table[c * rows + r] = line[r] * std::polar(1.0, -2.0 * M_PI * r * c / n);
    }
    gather(table, columns, rows, ranks);

    std::vector<Complex> result(n);
    line.resize(columns);
    for (int r = rows * rank / ranks; r < rows * (rank + 1) / ranks; ++r) {
        for (int c = 0; c < columns; ++c) line[c] = table[c * rows + r];
        transform(line);
        for (int c = 0; c < columns; ++c) result[r * columns + c] = line[c];
    }
    gather(result, rows, columns, ranks);
    for (int r = 0; r < rows; ++r)
        for (int c = 0; c < columns; ++c) {
            re[c * rows + r] = result[r * columns + c].real();
            im[c * rows + r] = result[r * columns + c].imag();
        }
}

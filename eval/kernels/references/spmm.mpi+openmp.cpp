#include <mpi.h>
#include <omp.h>
#include <algorithm>
#include <vector>

extern "C" void spmm(int m, int, int k, const int *row_ptr, const int *col, const float *val, const float *X, float *Y) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int chunk = (m + ranks - 1) / ranks;
    std::vector<int> counts(ranks), displs(ranks);
    for (int r = 0; r < ranks; ++r) {
        displs[r] = std::min(m, r * chunk) * k;
        counts[r] = std::min(m, (r + 1) * chunk) * k - displs[r];
    }
    const int lo = std::min(m, rank * chunk), hi = std::min(m, lo + chunk);
#pragma omp parallel
    {
        std::vector<float> sum(k);
#pragma omp for schedule(guided)
        for (int i = lo; i < hi; ++i) {
            std::fill(sum.begin(), sum.end(), 0.0f);
            for (int e = row_ptr[i]; e < row_ptr[i + 1]; ++e)
                for (int c = 0; c < k; ++c) sum[c] += val[e] * X[static_cast<size_t>(col[e]) * k + c];
            std::copy(sum.begin(), sum.end(), Y + static_cast<size_t>(i) * k);
        }
    }
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, Y, counts.data(), displs.data(), MPI_FLOAT, MPI_COMM_WORLD);
}

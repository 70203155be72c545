#include <mpi.h>
#include <omp.h>
#include <algorithm>

extern "C" int find_first(int n, const float *x, float threshold) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int lo = static_cast<int>(static_cast<long>(n) * rank / ranks), hi = static_cast<int>(static_cast<long>(n) * (rank + 1) / ranks);
    int mine = n, first = n;
#pragma omp parallel reduction(min : mine)
    {
        const long threads = omp_get_num_threads(), me = omp_get_thread_num();
        const float *begin = x + lo + (hi - lo) * me / threads, *end = x + lo + (hi - lo) * (me + 1) / threads;
        const float *hit = std::find_if(begin, end, [threshold](float v) { return v > threshold; });
        if (hit != end) mine = static_cast<int>(hit - x);
    }
    MPI_Allreduce(&mine, &first, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
    return first < n ? first : -1;
}

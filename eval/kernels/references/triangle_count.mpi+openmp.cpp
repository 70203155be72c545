#include <mpi.h>
#include <omp.h>
#include <algorithm>
#include <vector>

extern "C" long triangle_count(int n, const int *row_ptr, const int *col) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    long count = 0, total = 0;
#pragma omp parallel reduction(+ : count)
    {
        std::vector<char> marked(n, 0);
#pragma omp for schedule(guided)
        for (int u = rank; u < n; u += ranks) {
            const int *const first = std::upper_bound(col + row_ptr[u], col + row_ptr[u + 1], u), *const last = col + row_ptr[u + 1];
            for (const int *w = first; w != last; ++w) marked[*w] = 1;
            for (const int *v = first; v != last; ++v)
                count += std::count_if(std::upper_bound(col + row_ptr[*v], col + row_ptr[*v + 1], *v), col + row_ptr[*v + 1], [&](int w) { return marked[w] != 0; });
            for (const int *w = first; w != last; ++w) marked[*w] = 0;
        }
    }
    MPI_Allreduce(&count, &total, 1, MPI_LONG, MPI_SUM, MPI_COMM_WORLD);
    return total;
}

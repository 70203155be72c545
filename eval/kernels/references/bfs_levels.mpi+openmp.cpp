#include <mpi.h>
#include <omp.h>
#include <algorithm>
#include <vector>

// All ranks know the frontier. The threads of a rank expand its share of it into lists of their own.
extern "C" void bfs_levels(int n, const int *row_ptr, const int *col, int source, int *level) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    std::fill(level, level + n, -1);
    level[source] = 0;
    std::vector<int> frontier{source}, found, counts(ranks), displs(ranks);
    for (int depth = 1; !frontier.empty(); ++depth) {
        found.clear();
#pragma omp parallel
        {
            std::vector<int> mine;
#pragma omp for schedule(dynamic, 8) nowait
            for (int k = rank; k < static_cast<int>(frontier.size()); k += ranks)
                for (int e = row_ptr[frontier[k]]; e < row_ptr[frontier[k] + 1]; ++e)
                    if (level[col[e]] < 0) mine.push_back(col[e]);
#pragma omp critical
            found.insert(found.end(), mine.begin(), mine.end());
        }
        std::sort(found.begin(), found.end());
        found.erase(std::unique(found.begin(), found.end()), found.end());
        int size = static_cast<int>(found.size());
        MPI_Allgather(&size, 1, MPI_INT, counts.data(), 1, MPI_INT, MPI_COMM_WORLD);
        for (int r = 1; r < ranks; ++r) displs[r] = displs[r - 1] + counts[r - 1];
        std::vector<int> all(displs[ranks - 1] + counts[ranks - 1]);
        MPI_Allgatherv(found.data(), size, MPI_INT, all.data(), counts.data(), displs.data(), MPI_INT, MPI_COMM_WORLD);
        frontier.clear();
        for (int w : all)
            if (level[w] < 0) {
                level[w] = depth;
                frontier.push_back(w);
            }
    }
}

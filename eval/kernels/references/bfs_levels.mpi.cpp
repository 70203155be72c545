#include <mpi.h>
#include <algorithm>
#include <numeric>
#include <vector>

// All ranks know the frontier; each expands a share of it, and the vertices that it found are gathered.
extern "C" void bfs_levels(int n, const int *row_ptr, const int *col, int source, int *level) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    std::fill(level, level + n, -1);
    level[source] = 0;
    std::vector<int> frontier{source}, counts(ranks), starts(ranks);
    for (int depth = 1; !frontier.empty(); ++depth) {
        std::vector<int> found;
        for (std::size_t i = rank; i < frontier.size(); i += ranks)
            for (int e = row_ptr[frontier[i]]; e < row_ptr[frontier[i] + 1]; ++e)
                if (level[col[e]] == -1) found.push_back(col[e]);
        std::sort(found.begin(), found.end());
        found.erase(std::unique(found.begin(), found.end()), found.end());

        const int mine = static_cast<int>(found.size());
        MPI_Allgather(&mine, 1, MPI_INT, counts.data(), 1, MPI_INT, MPI_COMM_WORLD);
        std::partial_sum(counts.begin(), counts.end() - 1, starts.begin() + 1);
        std::vector<int> all(starts.back() + counts.back());
        MPI_Allgatherv(found.data(), mine, MPI_INT, all.data(), counts.data(), starts.data(), MPI_INT, MPI_COMM_WORLD);

        frontier.clear();
        for (int w : all) {
            if (level[w] != -1) continue;
            level[w] = depth;
            frontier.push_back(w);
        }
    }
}

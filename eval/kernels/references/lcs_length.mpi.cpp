#include <mpi.h>
#include <algorithm>
#include <vector>

// A row of the table is the running maximum of what comes from above and from the diagonal, so that a row can be
// shared out: every rank runs over its columns, and a scan tells it the maximum of all columns before them.
extern "C" int lcs_length(int m, int n, const char *a, const char *b) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int lo = static_cast<int>(static_cast<long>(n) * rank / ranks), hi = static_cast<int>(static_cast<long>(n) * (rank + 1) / ranks);
    std::vector<int> row(hi - lo, 0);
    int before = 0;  // the cell to the left of our first one, in the row above
    for (int i = 0; i < m; ++i) {
        int diagonal = before, best = 0;
        for (int j = lo; j < hi; ++j) {
            const int above = row[j - lo];
            best = std::max({best, above, diagonal + (a[i] == b[j])});
            diagonal = above;
            row[j - lo] = best;
        }
        int left = 0;
        MPI_Exscan(&best, &left, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
        before = rank == 0 ? 0 : left;
        for (int &cell : row) {
            if (cell >= before) break;
            cell = before;
        }
    }
    int length = row.empty() ? before : row.back();
    MPI_Allreduce(MPI_IN_PLACE, &length, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    return length;
}

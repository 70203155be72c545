#include <vector>

// Chunks of rows are counted and placed one after the other within a chunk, and all chunks at a time.
extern "C" void csr_transpose(int m, int n, const int *row_ptr, const int *col, const double *val, int *t_row_ptr, int *t_col, double *t_val) {
    constexpr int chunks = 32;
    const int entries = row_ptr[m], table = chunks * n;
    std::vector<int> buffer(table, 0);
    int *place = buffer.data();
#pragma omp target data map(to : row_ptr[:m + 1], col[:entries], val[:entries]) map(tofrom : place[:table]) map(from : t_col[:entries], t_val[:entries])
    {
#pragma omp target teams distribute parallel for
        for (int k = 0; k < chunks; ++k)
            for (int e = row_ptr[static_cast<long>(m) * k / chunks]; e < row_ptr[static_cast<long>(m) * (k + 1) / chunks]; ++e) ++place[k * n + col[e]];
#pragma omp target update from(place[:table])
        int total = 0;
        for (int j = 0; j < n; ++j) {
            t_row_ptr[j] = total;
            for (int k = 0; k < chunks; ++k) {
                const int count = place[k * n + j];
                place[k * n + j] = total;
                total += count;
            }
        }
        t_row_ptr[n] = total;
#pragma omp target update to(place[:table])
#pragma omp target teams distribute parallel for
        for (int k = 0; k < chunks; ++k)
            for (int i = static_cast<int>(static_cast<long>(m) * k / chunks); i < static_cast<int>(static_cast<long>(m) * (k + 1) / chunks); ++i)
                for (int e = row_ptr[i]; e < row_ptr[i + 1]; ++e) {
                    const int at = place[k * n + col[e]]++;
                    t_col[at] = i;
                    t_val[at] = val[e];
                }
    }
}

#include <algorithm>
#include <numeric>
#include <vector>

// Places are taken in any order, so that afterwards the entries of each row are put in the order that they had.
extern "C" void csr_transpose(int m, int n, const int *row_ptr, const int *col, const double *val, int *t_row_ptr, int *t_col, double *t_val) {
    const int entries = row_ptr[m];
    std::vector<int> count(n, 0), order(entries), row_of(entries);
#pragma omp parallel for
    for (int e = 0; e < entries; ++e) {
#pragma omp atomic
        ++count[col[e]];
    }
    t_row_ptr[0] = 0;
    std::partial_sum(count.begin(), count.end(), t_row_ptr + 1);
    std::fill(count.begin(), count.end(), 0);
#pragma omp parallel for
    for (int i = 0; i < m; ++i) {
        for (int e = row_ptr[i]; e < row_ptr[i + 1]; ++e) {
            int taken;
#pragma omp atomic capture
            taken = count[col[e]]++;
            order[t_row_ptr[col[e]] + taken] = e;
            row_of[e] = i;
        }
    }
#pragma omp parallel for schedule(dynamic, 16)
    for (int j = 0; j < n; ++j) {
        std::sort(order.begin() + t_row_ptr[j], order.begin() + t_row_ptr[j + 1]);
        for (int at = t_row_ptr[j]; at < t_row_ptr[j + 1]; ++at) {
            t_col[at] = row_of[order[at]];
            t_val[at] = val[order[at]];
        }
    }
}

#include <algorithm>
#include <numeric>
#include <vector>

// Places in a row of the transpose are taken in any order, then each entry moves to its rank among them.
extern "C" void csr_transpose(int m, int n, const int *row_ptr, const int *col, const double *val, int *t_row_ptr, int *t_col, double *t_val) {
    const int entries = row_ptr[m];
    std::vector<int> count_buffer(n + 1, 0), order_buffer(entries), row_buffer(entries);
    int *count = count_buffer.data(), *order = order_buffer.data(), *row_of = row_buffer.data();
#pragma acc data copyin(row_ptr[0 : m + 1], col[0 : entries], val[0 : entries], count[0 : n + 1]) create(order[0 : entries], row_of[0 : entries]) \
    copy(t_row_ptr[0 : n + 1]) copyout(t_col[0 : entries], t_val[0 : entries])
    {
#pragma acc parallel loop
        for (int e = 0; e < entries; ++e) {
#pragma acc atomic update
            count[col[e] + 1]++;
        }
#pragma acc update self(count[0 : n + 1])
        std::partial_sum(count, count + n + 1, t_row_ptr);
        std::copy(t_row_ptr, t_row_ptr + n + 1, count);
#pragma acc update device(t_row_ptr[0 : n + 1], count[0 : n + 1])
#pragma acc parallel loop
        for (int i = 0; i < m; ++i)
            for (int e = row_ptr[i]; e < row_ptr[i + 1]; ++e) {
                int at;
#pragma acc atomic capture
                at = count[col[e]]++;
                order[at] = e;
                row_of[e] = i;
            }
#pragma acc parallel loop
        for (int j = 0; j < n; ++j)
            for (int k = t_row_ptr[j]; k < t_row_ptr[j + 1]; ++k) {
                int at = t_row_ptr[j];
                for (int l = t_row_ptr[j]; l < t_row_ptr[j + 1]; ++l) at += order[l] < order[k];
                t_col[at] = row_of[order[k]];
                t_val[at] = val[order[k]];
            }
    }
}

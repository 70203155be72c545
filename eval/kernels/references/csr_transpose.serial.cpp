#include <utility>
#include <vector>

extern "C" void csr_transpose(int m, int n, const int *row_ptr, const int *col, const double *val, int *t_row_ptr, int *t_col, double *t_val) {
    std::vector<std::vector<std::pair<int, double>>> rows(n);
    for (int i = 0; i < m; ++i)
        for (int e = row_ptr[i]; e < row_ptr[i + 1]; ++e) rows[col[e]].emplace_back(i, val[e]);
    int at = 0;
    for (int j = 0; j < n; ++j) {
        t_row_ptr[j] = at;
        for (const auto &[i, value] : rows[j]) {
            t_col[at] = i;
            t_val[at] = value;
            ++at;
        }
    }
    t_row_ptr[n] = at;
}

#include <stdlib.h>
#include <string.h>

void csr_transpose(int m, int n, const int *row_ptr, const int *col, const double *val, int *t_row_ptr, int *t_col, double *t_val) {
    memset(t_row_ptr, 0, (n + 1) * sizeof(int));
    for (int e = 0; e < row_ptr[m]; e++) t_row_ptr[col[e] + 1]++;
    for (int j = 0; j < n; j++) t_row_ptr[j + 1] += t_row_ptr[j];
    int *next = malloc((n + 1) * sizeof(int));
    memcpy(next, t_row_ptr, (n + 1) * sizeof(int));
    for (int i = 0; i < m; i++)
        for (int e = row_ptr[i]; e < row_ptr[i + 1]; e++) {
            const int at = next[col[e]]++;
            t_col[at] = i;
            t_val[at] = val[e];
        }
    free(next);
}

#include <stdlib.h>

void csr_transpose(int m, int n, const int *row_ptr, const int *col, const double *val, int *t_row_ptr, int *t_col, double *t_val) {
    const int entries = row_ptr[m];
    int *count = calloc(n + 1, sizeof(int));
#pragma omp target data map(to : row_ptr[0 : m + 1], col[0 : entries], val[0 : entries]) map(tofrom : count[0 : n + 1]) \
    map(from : t_row_ptr[0 : n + 1], t_col[0 : entries], t_val[0 : entries])
    {
#pragma omp target teams distribute parallel for
        for (int e = 0; e < entries; e++) {
#pragma omp atomic
            count[col[e]]++;
        }
#pragma omp target update from(count[0 : n + 1])
        t_row_ptr[0] = 0;
        for (int j = 0; j < n; j++) t_row_ptr[j + 1] = t_row_ptr[j] + count[j];
        for (int j = 0; j < n; j++) count[j] = 0;
#pragma omp target update to(t_row_ptr[0 : n + 1], count[0 : n + 1])
        /* Places are taken in any order: t_col holds the number of an entry until they are sorted. */
#pragma omp target teams distribute parallel for
        for (int e = 0; e < entries; e++) {
            int taken;
#pragma omp atomic capture
            taken = count[col[e]]++;
            t_col[t_row_ptr[col[e]] + taken] = e;
        }
#pragma omp target teams distribute parallel for
        for (int j = 0; j < n; j++) {
            for (int k = t_row_ptr[j] + 1; k < t_row_ptr[j + 1]; k++) {
                const int entry = t_col[k];
                int at = k;
                for (; at > t_row_ptr[j] && t_col[at - 1] > entry; at--) t_col[at] = t_col[at - 1];
                t_col[at] = entry;
            }
            int row = 0;
            for (int k = t_row_ptr[j]; k < t_row_ptr[j + 1]; k++) {
                const int entry = t_col[k];
                t_val[k] = val[entry];
                while (row_ptr[row + 1] <= entry) row++;
                t_col[k] = row;
            }
        }
    }
    free(count);
}

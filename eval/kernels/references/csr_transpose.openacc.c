#include <stdlib.h>

#pragma acc routine seq
static int row_of(const int *row_ptr, int m, int entry) {
    int low = 0, high = m;
    while (high - low > 1) {
        const int middle = (low + high) / 2;
        if (row_ptr[middle] <= entry)
            low = middle;
        else
            high = middle;
    }
    return low;
}

void csr_transpose(int m, int n, const int *row_ptr, const int *col, const double *val, int *t_row_ptr, int *t_col, double *t_val) {
    const int entries = row_ptr[m];
    for (int j = 0; j <= n; j++) t_row_ptr[j] = 0;
    /* The starts are few and come one from the other, so the host makes them. */
    for (int e = 0; e < entries; e++) t_row_ptr[col[e] + 1]++;
    for (int j = 0; j < n; j++) t_row_ptr[j + 1] += t_row_ptr[j];
    int *used = calloc(n + 1, sizeof(int)), *order = malloc((entries + 1) * sizeof(int));
#pragma acc data copyin(row_ptr[0 : m + 1], col[0 : entries], val[0 : entries], t_row_ptr[0 : n + 1], used[0 : n + 1]) \
    create(order[0 : entries]) copyout(t_col[0 : entries], t_val[0 : entries])
    {
#pragma acc parallel loop
        for (int e = 0; e < entries; e++) {
            int k;
#pragma acc atomic capture
            k = used[col[e]]++;
            order[t_row_ptr[col[e]] + k] = e;
        }
#pragma acc parallel loop
        for (int j = 0; j < n; j++) {
            const int begin = t_row_ptr[j], end = t_row_ptr[j + 1];
#pragma acc loop seq
            for (int k = begin; k < end; k++) {
                int least = k;
                for (int l = k + 1; l < end; l++)
                    if (order[l] < order[least]) least = l;
                const int entry = order[least];
                order[least] = order[k];
                t_col[k] = row_of(row_ptr, m, entry);
                t_val[k] = val[entry];
            }
        }
    }
    free(order);
    free(used);
}

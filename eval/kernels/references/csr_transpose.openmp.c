#include <omp.h>
#include <stdlib.h>

/* Every thread counts the columns of its rows. Its first place in a row of the transpose lies behind those of the threads before it. */
void csr_transpose(int m, int n, const int *row_ptr, const int *col, const double *val, int *t_row_ptr, int *t_col, double *t_val) {
    int threads = omp_get_max_threads();
    int *place = calloc((size_t)threads * n + 1, sizeof(int));
#pragma omp parallel num_threads(threads)
    {
        const int me = omp_get_thread_num(), team = omp_get_num_threads();
        const int lo = (int)((long)m * me / team), hi = (int)((long)m * (me + 1) / team);
        int *mine = place + (size_t)me * n;
        for (int e = row_ptr[lo]; e < row_ptr[hi]; e++) mine[col[e]]++;
#pragma omp barrier
#pragma omp single
        {
            int total = 0;
            for (int j = 0; j < n; j++) {
                t_row_ptr[j] = total;
                for (int t = 0; t < team; t++) {
                    const int count = place[(size_t)t * n + j];
                    place[(size_t)t * n + j] = total;
                    total += count;
                }
            }
            t_row_ptr[n] = total;
        }
        for (int i = lo; i < hi; i++)
            for (int e = row_ptr[i]; e < row_ptr[i + 1]; e++) {
                const int at = mine[col[e]]++;
                t_col[at] = i;
                t_val[at] = val[e];
            }
    }
    free(place);
}

#include <stdlib.h>

int lcs_length(int m, int n, const char *a, const char *b) {
    if (m <= 0 || n <= 0) return 0;
    int *line[3];
    for (int k = 0; k < 3; k++) line[k] = calloc(n + 1, sizeof(int));
    int *x = line[0], *y = line[1], *z = line[2];
#pragma acc data copyin(a[0 : m], b[0 : n]) copy(x[0 : n + 1], y[0 : n + 1], z[0 : n + 1])
    for (int d = 2; d <= m + n; d++) {
        int *now = d % 3 == 0 ? x : d % 3 == 1 ? y : z;
        const int *before = d % 3 == 0 ? z : d % 3 == 1 ? x : y;
        const int *earlier = d % 3 == 0 ? y : d % 3 == 1 ? z : x;
        const int first = d > m ? d - m : 1, last = d > n ? n : d - 1;
        /* By column j; the cell above the first row is zero, and so is the cell before the first column. */
#pragma acc parallel loop present(a, b, now, before, earlier)
        for (int j = first; j <= last; j++) {
            const int i = d - j;
            const int above = i > 1 ? before[j] : 0, left = before[j - 1];
            if (a[i - 1] == b[j - 1])
                now[j] = 1 + (i > 1 ? earlier[j - 1] : 0);
            else
                now[j] = above > left ? above : left;
        }
    }
    const int length = line[(m + n) % 3][n];
    for (int k = 0; k < 3; k++) free(line[k]);
    return length;
}

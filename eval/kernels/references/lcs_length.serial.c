#include <stdlib.h>

int lcs_length(int m, int n, const char *a, const char *b) {
    int *row = calloc(n + 1, sizeof(int));
    for (int i = 0; i < m; i++) {
        int diagonal = 0;
        for (int j = 1; j <= n; j++) {
            const int above = row[j];
            if (a[i] == b[j - 1])
                row[j] = diagonal + 1;
            else if (row[j - 1] > above)
                row[j] = row[j - 1];
            diagonal = above;
        }
    }
    const int length = row[n];
    free(row);
    return length;
}

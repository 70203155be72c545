void histogram(int n, const int *x, int bins, int *counts) {
    for (int b = 0; b < bins; b++) counts[b] = 0;
#pragma omp parallel for reduction(+ : counts[:bins])
    for (int i = 0; i < n; i++)
        if (x[i] >= 0 && x[i] < bins) counts[x[i]]++;
}

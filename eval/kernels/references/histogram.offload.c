void histogram(int n, const int *x, int bins, int *counts) {
#pragma omp target data map(to : x[0:n]) map(from : counts[0:bins])
    {
#pragma omp target teams distribute parallel for
        for (int b = 0; b < bins; b++) counts[b] = 0;
#pragma omp target teams distribute parallel for
        for (int i = 0; i < n; i++) {
            if (x[i] >= 0 && x[i] < bins) {
#pragma omp atomic update
                counts[x[i]]++;
            }
        }
    }
}

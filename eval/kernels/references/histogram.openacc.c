void histogram(int n, const int *x, int bins, int *counts) {
#pragma acc data copyin(x[0:n]) copyout(counts[0:bins])
    {
#pragma acc parallel loop
        for (int b = 0; b < bins; b++) counts[b] = 0;
#pragma acc parallel loop
        for (int i = 0; i < n; i++) {
            const int value = x[i];
            if (value >= 0 && value < bins) {
#pragma acc atomic update
                counts[value] += 1;
            }
        }
    }
}

typedef struct {
    float value;
    int index;
} Largest;

int argmax(int n, const float *x) {
    if (n == 0) return -1;
    Largest best = {x[0], 0};
#pragma omp parallel
    {
        Largest mine = {x[0], 0};
#pragma omp for nowait
        for (int i = 1; i < n; i++)
            if (x[i] > mine.value) {
                mine.value = x[i];
                mine.index = i;
            }
#pragma omp critical
        if (mine.value > best.value || (mine.value == best.value && mine.index < best.index)) best = mine;
    }
    return best.index;
}

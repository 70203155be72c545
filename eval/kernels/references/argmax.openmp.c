int argmax(int n, const float *x) {
    if (n == 0) return -1;
    int best = 0;
#pragma omp parallel
    {
        int mine = 0;
#pragma omp for nowait
        for (int i = 1; i < n; i++)
            if (x[i] > x[mine]) mine = i;
#pragma omp critical
        if (x[mine] > x[best] || (x[mine] == x[best] && mine < best)) best = mine;
    }
    return best;
}

int argmax(int n, const float *x) {
    if (n == 0) return -1;
    float top = x[0];
    int where = n;
#pragma acc data copyin(x[0:n])
    {
#pragma acc parallel loop reduction(max : top)
        for (int i = 0; i < n; i++) {
            if (x[i] > top) top = x[i];
        }
#pragma acc parallel loop reduction(min : where)
        for (int i = 0; i < n; i++) {
            if (x[i] == top && i < where) where = i;
        }
    }
    return where;
}

int argmax(int n, const float *x) {
    if (n == 0) return -1;
    int best = 0;
    for (int i = 1; i < n; i++)
        if (x[i] > x[best]) best = i;
    return best;
}

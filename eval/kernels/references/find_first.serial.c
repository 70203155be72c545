int find_first(int n, const float *x, float threshold) {
    for (int i = 0; i < n; i++)
        if (x[i] > threshold) return i;
    return -1;
}

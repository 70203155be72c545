/* In place, with the old left neighbour kept aside. */
void stencil1d(int n, int sweeps, float left, float centre, float right, float *u) {
    if (n == 0) return;
    for (int sweep = 0; sweep < sweeps; sweep++) {
        const float first = u[0];
        float before = u[n - 1];
        for (int i = 0; i < n; i++) {
            const float here = u[i], after = i + 1 < n ? u[i + 1] : first;
            u[i] = left * before + centre * here + right * after;
            before = here;
        }
    }
}

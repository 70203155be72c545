#include <algorithm>
#include <vector>

extern "C" void stencil1d(int n, int sweeps, float left, float centre, float right, float *u) {
    std::vector<float> old(n + 2);  // with a ghost on either end
    if (n == 0) return;
    for (int sweep = 0; sweep < sweeps; ++sweep) {
        std::copy_n(u, n, old.begin() + 1);
        old.front() = u[n - 1];
        old.back() = u[0];
        for (int i = 0; i < n; ++i) u[i] = left * old[i] + centre * old[i + 1] + right * old[i + 2];
    }
}

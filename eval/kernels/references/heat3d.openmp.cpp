#include <cstddef>
#include <vector>

extern "C" void heat3d(int nx, int ny, int nz, int steps, double alpha, double *u) {
    const std::size_t plane = static_cast<std::size_t>(ny) * nz, size = plane * nx;
    std::vector<double> before(size);
    /* One region for all steps: the loops' own barriers keep them apart. */
#pragma omp parallel
    for (int step = 0; step < steps; ++step) {
#pragma omp for
        for (std::size_t at = 0; at < size; ++at) before[at] = u[at];
#pragma omp for
        for (int i = 1; i < nx - 1; ++i) {
            for (int j = 1; j < ny - 1; ++j) {
                const double *row = before.data() + i * plane + static_cast<std::size_t>(j) * nz;
                double *out = u + (row - before.data());
                for (int k = 1; k < nz - 1; ++k)
                    out[k] = row[k] + alpha * (row[k - plane] + row[k + plane] + row[k - nz] + row[k + nz] + row[k - 1] + row[k + 1] -
                                               6.0 * row[k]);
            }
        }
    }
}

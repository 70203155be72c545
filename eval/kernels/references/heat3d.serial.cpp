#include <algorithm>
#include <utility>
#include <vector>

namespace {

class Grid {
public:
    Grid(double *data, int ny, int nz) : data_(data), ny_(ny), nz_(nz) {}
    double &operator()(int i, int j, int k) const { return data_[(static_cast<std::size_t>(i) * ny_ + j) * nz_ + k]; }

private:
    double *data_;
    int ny_, nz_;
};

}  // namespace

extern "C" void heat3d(int nx, int ny, int nz, int steps, double alpha, double *u) {
    const std::size_t size = static_cast<std::size_t>(nx) * ny * nz;
    std::vector<double> buffer(u, u + size);
    Grid now(u, ny, nz), next(buffer.data(), ny, nz);
    for (int step = 0; step < steps; ++step) {
        for (int i = 1; i < nx - 1; ++i)
            for (int j = 1; j < ny - 1; ++j)
                for (int k = 1; k < nz - 1; ++k) {
                    const double laplacian = now(i - 1, j, k) + now(i + 1, j, k) + now(i, j - 1, k) + now(i, j + 1, k) +
                                             now(i, j, k - 1) + now(i, j, k + 1) - 6.0 * now(i, j, k);
                    next(i, j, k) = now(i, j, k) + alpha * laplacian;
                }
        std::swap(now, next);
    }
    if (steps % 2 == 1) std::copy(buffer.begin(), buffer.end(), u);
}

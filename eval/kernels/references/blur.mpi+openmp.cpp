#include <mpi.h>

#include <algorithm>
#include <vector>

extern "C" void blur(int height, int width, const float *image, int radius, const float *mask, float *out) {
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int side = 2 * radius + 1;
    std::vector<float> share(static_cast<std::size_t>(height) * width, 0.0f);
    /* Every rank fills its rows of a picture of zeros; the pictures are added up on rank 0. */
#pragma omp parallel for schedule(dynamic)
    for (int i = rank; i < height; i += ranks) {
        const int top = std::max(0, radius - i), bottom = std::min(side, height - i + radius);
        for (int j = 0; j < width; ++j) {
            const int left = std::max(0, radius - j), right = std::min(side, width - j + radius);
            float sum = 0.0f;
            for (int p = top; p < bottom; ++p)
                for (int q = left; q < right; ++q) sum += mask[p * side + q] * image[(i + p - radius) * width + j + q - radius];
            share[static_cast<std::size_t>(i) * width + j] = sum;
        }
    }
    MPI_Reduce(share.data(), out, height * width, MPI_FLOAT, MPI_SUM, 0, MPI_COMM_WORLD);
}

#include <cstddef>

namespace {

struct Image {
    const float *pixels;
    int height, width;

    float operator()(int i, int j) const {
        const bool outside = i < 0 || j < 0 || i >= height || j >= width;
        return outside ? 0.0f : pixels[static_cast<std::size_t>(i) * width + j];
    }
};

}  // namespace

extern "C" void blur(int height, int width, const float *image, int radius, const float *mask, float *out) {
    const Image picture{image, height, width};
#pragma omp parallel for schedule(dynamic)
    for (int i = 0; i < height; ++i) {
        for (int j = 0; j < width; ++j) {
            const float *weight = mask;
            float sum = 0.0f;
            for (int di = -radius; di <= radius; ++di)
                for (int dj = -radius; dj <= radius; ++dj) sum += *weight++ * picture(i + di, j + dj);
            out[static_cast<std::size_t>(i) * width + j] = sum;
        }
    }
}

#include <cstddef>
#include <vector>

/* The image in a frame of zeros, so that no pixel needs a test. */
extern "C" void blur(int height, int width, const float *image, int radius, const float *mask, float *out) {
    const int side = 2 * radius + 1;
    const std::size_t pitch = width + 2 * static_cast<std::size_t>(radius);
    std::vector<float> framed(pitch * (height + 2 * static_cast<std::size_t>(radius)), 0.0f);
    for (int i = 0; i < height; ++i)
        for (int j = 0; j < width; ++j) framed[(i + radius) * pitch + j + radius] = image[static_cast<std::size_t>(i) * width + j];
    for (int i = 0; i < height; ++i)
        for (int j = 0; j < width; ++j) {
            float total = 0.0f;
            for (int p = 0; p < side; ++p)
                for (int q = 0; q < side; ++q) total += mask[p * side + q] * framed[(i + p) * pitch + j + q];
            out[static_cast<std::size_t>(i) * width + j] = total;
        }
}

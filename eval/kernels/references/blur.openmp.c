static int max(int a, int b) { return a > b ? a : b; }
static int min(int a, int b) { return a < b ? a : b; }

void blur(int height, int width, const float *image, int radius, const float *mask, float *out) {
    const int side = 2 * radius + 1;
#pragma omp parallel for collapse(2)
    for (int i = 0; i < height; i++)
        for (int j = 0; j < width; j++) {
            float sum = 0.0f;
            for (int r = max(0, i - radius); r <= min(height - 1, i + radius); r++)
                for (int c = max(0, j - radius); c <= min(width - 1, j + radius); c++)
                    sum += mask[(r - i + radius) * side + c - j + radius] * image[r * width + c];
            out[i * width + j] = sum;
        }
}

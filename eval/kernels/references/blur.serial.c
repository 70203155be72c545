void blur(int height, int width, const float *image, int radius, const float *mask, float *out) {
    const int side = 2 * radius + 1;
    for (int i = 0; i < height; i++)
        for (int j = 0; j < width; j++) {
            float sum = 0.0f;
            for (int p = 0; p < side; p++) {
                const int row = i + p - radius;
                if (row < 0 || row >= height) continue;
                for (int q = 0; q < side; q++) {
                    const int column = j + q - radius;
                    if (column < 0 || column >= width) continue;
                    sum += mask[p * side + q] * image[row * width + column];
                }
            }
            out[i * width + j] = sum;
        }
}

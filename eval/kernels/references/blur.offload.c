void blur(int height, int width, const float *image, int radius, const float *mask, float *out) {
    const int side = 2 * radius + 1, pixels = height * width;
#pragma omp target teams distribute parallel for collapse(2) map(to : image[0:pixels], mask[0:side * side]) map(from : out[0:pixels])
    for (int i = 0; i < height; i++)
        for (int j = 0; j < width; j++) {
            float sum = 0.0f;
            for (int p = 0; p < side; p++)
                for (int q = 0; q < side; q++) {
                    const int r = i + p - radius, c = j + q - radius;
                    if (r >= 0 && r < height && c >= 0 && c < width) sum += mask[p * side + q] * image[r * width + c];
                }
            out[i * width + j] = sum;
        }
}

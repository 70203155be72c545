void blur(int height, int width, const float *restrict image, int radius, const float *restrict mask, float *restrict out) {
    const int side = 2 * radius + 1;
#pragma acc data copyin(image[0:height * width], mask[0:side * side]) copyout(out[0:height * width])
    {
#pragma acc parallel loop gang
        for (int i = 0; i < height; i++) {
#pragma acc loop vector
            for (int j = 0; j < width; j++) {
                float sum = 0.0f;
#pragma acc loop seq
                for (int p = 0; p < side; p++) {
                    const int row = i + p - radius;
                    if (row < 0 || row >= height) continue;
                    for (int q = 0; q < side; q++) {
                        const int column = j + q - radius;
                        if (column >= 0 && column < width) sum += mask[p * side + q] * image[row * width + column];
                    }
                }
                out[i * width + j] = sum;
            }
        }
    }
}

#include <cstddef>

extern "C" void transpose(int m, int n, const float *A, float *B) {
    const std::size_t size = static_cast<std::size_t>(m) * n;
#pragma acc parallel loop copyin(A[0 : size]) copyout(B[0 : size])
    for (std::size_t k = 0; k < size; ++k) {
        const std::size_t row = k / m, column = k % m;
        B[k] = A[column * n + row];
    }
}

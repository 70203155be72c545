#include <Kokkos_Core.hpp>

namespace {

using Picture = Kokkos::View<const float **, Kokkos::LayoutRight, Kokkos::HostSpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>>;
using Canvas = Kokkos::View<float **, Kokkos::LayoutRight, Kokkos::HostSpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>>;

struct Filter {
    Picture image, mask;
    Canvas out;
    int height, width, radius;

    KOKKOS_INLINE_FUNCTION void operator()(const int i, const int j) const {
        float sum = 0.0f;
        for (int p = -radius; p <= radius; ++p)
            for (int q = -radius; q <= radius; ++q)
                if (i + p >= 0 && i + p < height && j + q >= 0 && j + q < width)
                    sum += mask(p + radius, q + radius) * image(i + p, j + q);
        out(i, j) = sum;
    }
};

}  // namespace

extern "C" void blur(int height, int width, const float *image, int radius, const float *mask, float *out) {
    if (height == 0) return;
    const int side = 2 * radius + 1;
    const Filter filter{Picture(image, height, width), Picture(mask, side, side), Canvas(out, height, width), height, width, radius};
    Kokkos::parallel_for(
        "blur", Kokkos::MDRangePolicy<Kokkos::DefaultHostExecutionSpace, Kokkos::Rank<2>>({0, 0}, {height, width}), filter);
}

#include <Kokkos_Core.hpp>
#include <Kokkos_ScatterView.hpp>

/* Scatter views duplicate the bins for the threads where that is cheaper than atomics. */
extern "C" void weighted_histogram(int n, const double *x, const double *weight, int bins, double low, double high, double *sums,
                                   long *counts) {
    using Unmanaged = Kokkos::MemoryTraits<Kokkos::Unmanaged>;
    using Space = Kokkos::DefaultHostExecutionSpace;
    Kokkos::View<double *, Space> bin_sums("sums", bins);
    Kokkos::View<long *, Space> bin_counts("counts", bins);
    auto scatter_sums = Kokkos::Experimental::create_scatter_view(bin_sums);
    auto scatter_counts = Kokkos::Experimental::create_scatter_view(bin_counts);
    Kokkos::parallel_for(
        "weighted_histogram", Kokkos::RangePolicy<Space>(0, n), KOKKOS_LAMBDA(const int i) {
            if (x[i] < low || x[i] > high) return;
            int b = static_cast<int>((x[i] - low) / (high - low) * bins);
            if (b >= bins) b = bins - 1;
            auto my_sums = scatter_sums.access();
            auto my_counts = scatter_counts.access();
            my_sums(b) += weight[i];
            my_counts(b) += 1;
        });
    Kokkos::Experimental::contribute(bin_sums, scatter_sums);
    Kokkos::Experimental::contribute(bin_counts, scatter_counts);
    Kokkos::deep_copy(Kokkos::View<double *, Kokkos::HostSpace, Unmanaged>(sums, bins), bin_sums);
    Kokkos::deep_copy(Kokkos::View<long *, Kokkos::HostSpace, Unmanaged>(counts, bins), bin_counts);
}

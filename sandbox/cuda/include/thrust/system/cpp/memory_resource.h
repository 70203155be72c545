// Instead of the installed Thrust's own file of this name: what its device vectors hold is memory that host and device may touch.
#pragma once

#include <thrust/detail/config.h>
#include <thrust/mr/fancy_pointer_resource.h>
#include <thrust/mr/memory_resource.h>
#include <thrust/system/cpp/pointer.h>

#include <new>

namespace hpcraft_cuda {

class ThrustResource final : public THRUST_NS_QUALIFIER::mr::memory_resource<> {
public:
    void *do_allocate(std::size_t bytes, std::size_t) override {
        void *pointer = nullptr;
        if (cudaMallocManaged(&pointer, bytes ? bytes : 1, cudaMemAttachGlobal) != cudaSuccess) throw std::bad_alloc();
        return pointer;
    }
    void do_deallocate(void *pointer, std::size_t, std::size_t) override { cudaFree(pointer); }
};

}  // namespace hpcraft_cuda

THRUST_NAMESPACE_BEGIN
namespace system {
namespace cpp {
namespace detail {

typedef thrust::mr::fancy_pointer_resource<::hpcraft_cuda::ThrustResource, thrust::cpp::pointer<void>> native_resource;
typedef thrust::mr::fancy_pointer_resource<::hpcraft_cuda::ThrustResource, thrust::cpp::universal_pointer<void>> universal_native_resource;

}  // namespace detail

typedef detail::native_resource memory_resource;
typedef detail::universal_native_resource universal_memory_resource;
typedef detail::native_resource universal_host_pinned_memory_resource;

}  // namespace cpp
}  // namespace system
THRUST_NAMESPACE_END

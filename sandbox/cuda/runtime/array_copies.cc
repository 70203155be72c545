// Copies from and to arrays, which count x in bytes where one end is named alone and in elements where cudaMemcpy3D has it.

#include "cuda_runtime_api.h"
#include "hpcraft_cuda/texture_object.h"
#include "runtime.h"

using namespace hpcraft_cuda;

namespace {

char *place(cudaArray_const_t array, std::size_t x, std::size_t y, std::size_t z = 0) { return array->data + z * array->slice + y * array->pitch + x; }

bool holds(cudaArray_const_t array, std::size_t x, std::size_t y, std::size_t width, std::size_t height) {
    const std::size_t rows = array && array->height ? array->height : 1;
    return array && x + width <= array->pitch && y + height <= rows;
}

}  // namespace

cudaError_t cudaMemcpy2DToArray(
    cudaArray_t to, std::size_t x, std::size_t y, const void *from, std::size_t pitch, std::size_t width, std::size_t height, cudaMemcpyKind kind) {
    if (!holds(to, x, y, width, height)) return set_error(cudaErrorInvalidValue);
    return cudaMemcpy2D(place(to, x, y), to->pitch, from, pitch, width, height, kind);
}
cudaError_t cudaMemcpy2DFromArray(
    void *to, std::size_t pitch, cudaArray_const_t from, std::size_t x, std::size_t y, std::size_t width, std::size_t height, cudaMemcpyKind kind) {
    if (!holds(from, x, y, width, height)) return set_error(cudaErrorInvalidValue);
    return cudaMemcpy2D(to, pitch, place(from, x, y), from->pitch, width, height, kind);
}
cudaError_t cudaMemcpy2DToArrayAsync(
    cudaArray_t to, std::size_t x, std::size_t y, const void *from, std::size_t pitch, std::size_t width, std::size_t height, cudaMemcpyKind kind,
    cudaStream_t) {
    return cudaMemcpy2DToArray(to, x, y, from, pitch, width, height, kind);
}
cudaError_t cudaMemcpy2DFromArrayAsync(
    void *to, std::size_t pitch, cudaArray_const_t from, std::size_t x, std::size_t y, std::size_t width, std::size_t height, cudaMemcpyKind kind,
    cudaStream_t) {
    return cudaMemcpy2DFromArray(to, pitch, from, x, y, width, height, kind);
}
cudaError_t cudaMemcpy2DArrayToArray(
    cudaArray_t to, std::size_t to_x, std::size_t to_y, cudaArray_const_t from, std::size_t x, std::size_t y, std::size_t width,
    std::size_t height, cudaMemcpyKind kind) {
    if (!holds(from, x, y, width, height) || !holds(to, to_x, to_y, width, height)) return set_error(cudaErrorInvalidValue);
    return cudaMemcpy2D(place(to, to_x, to_y), to->pitch, place(from, x, y), from->pitch, width, height, kind);
}

// An array has no gaps, so that so many bytes from a place on are one piece.
cudaError_t cudaMemcpyToArray(cudaArray_t to, std::size_t x, std::size_t y, const void *from, std::size_t count, cudaMemcpyKind kind) {
    return to ? cudaMemcpy(place(to, x, y), from, count, kind) : set_error(cudaErrorInvalidValue);
}
cudaError_t cudaMemcpyFromArray(void *to, cudaArray_const_t from, std::size_t x, std::size_t y, std::size_t count, cudaMemcpyKind kind) {
    return from ? cudaMemcpy(to, place(from, x, y), count, kind) : set_error(cudaErrorInvalidValue);
}
cudaError_t cudaMemcpyToArrayAsync(
    cudaArray_t to, std::size_t x, std::size_t y, const void *from, std::size_t count, cudaMemcpyKind kind, cudaStream_t) {
    return cudaMemcpyToArray(to, x, y, from, count, kind);
}
cudaError_t cudaMemcpyFromArrayAsync(
    void *to, cudaArray_const_t from, std::size_t x, std::size_t y, std::size_t count, cudaMemcpyKind kind, cudaStream_t) {
    return cudaMemcpyFromArray(to, from, x, y, count, kind);
}
cudaError_t cudaMemcpyArrayToArray(
    cudaArray_t to, std::size_t to_x, std::size_t to_y, cudaArray_const_t from, std::size_t x, std::size_t y, std::size_t count, cudaMemcpyKind kind) {
    if (!to || !from) return set_error(cudaErrorInvalidValue);
    return cudaMemcpy(place(to, to_x, to_y), place(from, x, y), count, kind);
}

// One end of cudaMemcpy3D as plain memory; where an array takes part, x counts its elements.
cudaError_t hpcraft_cuda::plain_copy(const cudaMemcpy3DParms &given, cudaMemcpy3DParms &plain) {
    plain = given;
    const cudaArray *any = given.srcArray ? given.srcArray : given.dstArray;
    const auto size = static_cast<std::size_t>(bytes_of(any->desc));
    plain.extent.width *= size;
    auto end = [&](cudaArray *&array, cudaPos &at, cudaPitchedPtr &pointer) {
        if (!array) return true;
        at.x *= static_cast<std::size_t>(bytes_of(array->desc));
        const std::size_t rows = array->height ? array->height : 1, slices = array->depth ? array->depth : 1;
        pointer = {array->data, array->pitch, array->pitch, rows};
        const bool good = at.x + plain.extent.width <= array->pitch && at.y + plain.extent.height <= rows && at.z + plain.extent.depth <= slices;
        array = nullptr;
        return good;
    };
    const bool good = end(plain.srcArray, plain.srcPos, plain.srcPtr) & end(plain.dstArray, plain.dstPos, plain.dstPtr);
    return good ? cudaSuccess : cudaErrorInvalidValue;
}

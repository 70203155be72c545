// The one device: a made-up one of compute capability 8.0.

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "cuda_runtime_api.h"
#include "runtime.h"

using namespace hpcraft_cuda;

// So few that all threads which a cooperative launch may keep alive find stacks.
constexpr int MULTIPROCESSORS = 8, RESIDENT_THREADS = 2048, RESIDENT_BLOCKS = 32;
constexpr std::size_t RESIDENT_SHARED = 164 << 10, RESERVED_SHARED = 1 << 10;
constexpr int VERSION = 12040;

static cudaDeviceProp describe() {
    cudaDeviceProp p{};
    std::strcpy(p.name, "hpcraft emulator");
    p.totalGlobalMem = TOTAL_MEMORY;
    p.sharedMemPerBlock = SHARED_DEFAULT;
    p.sharedMemPerBlockOptin = SHARED_OPT_IN;
    p.sharedMemPerMultiprocessor = RESIDENT_SHARED;
    p.reservedSharedMemPerBlock = RESERVED_SHARED;
    p.regsPerBlock = p.regsPerMultiprocessor = 65536;
    p.warpSize = WARP;
    p.memPitch = 0x7fffffff;
    p.maxThreadsPerBlock = p.maxThreadsDim[0] = p.maxThreadsDim[1] = MAX_THREADS;
    p.maxThreadsDim[2] = 64;
    p.maxGridSize[0] = 0x7fffffff;
    p.maxGridSize[1] = p.maxGridSize[2] = 65535;
    p.clockRate = 1'410'000;
    p.totalConstMem = 64 << 10;
    p.major = 8;
    p.textureAlignment = 512;
    p.texturePitchAlignment = 32;
    p.deviceOverlap = p.asyncEngineCount = 1;
    p.multiProcessorCount = MULTIPROCESSORS;
    p.canMapHostMemory = p.concurrentKernels = p.unifiedAddressing = 1;
    p.memoryClockRate = 1'215'000;
    p.memoryBusWidth = 5120;
    p.l2CacheSize = 40 << 20;
    p.maxThreadsPerMultiProcessor = RESIDENT_THREADS;
    p.maxBlocksPerMultiProcessor = RESIDENT_BLOCKS;
    p.streamPrioritiesSupported = p.globalL1CacheSupported = p.localL1CacheSupported = 1;
    p.managedMemory = p.concurrentManagedAccess = p.computePreemptionSupported = p.cooperativeLaunch = 1;
    p.canUseHostPointerForRegisteredMem = 1;
    p.persistingL2CacheMaxSize = 30 << 20;
    p.accessPolicyMaxWindowSize = 128 << 20;
    p.hostRegisterSupported = p.memoryPoolsSupported = 1;
    p.surfaceAlignment = 512;
    p.maxTexture1D = p.maxTexture2D[0] = p.maxSurface1D = p.maxSurface2D[0] = 131072;
    p.maxTexture2D[1] = p.maxSurface2D[1] = 65536;
    p.maxTexture1DLinear = 1 << 28;
    p.maxTexture2DLinear[0] = 131072;
    p.maxTexture2DLinear[1] = 65000;
    p.maxTexture2DLinear[2] = 2097120;
    for (int axis = 0; axis < 3; ++axis) p.maxTexture3D[axis] = p.maxSurface3D[axis] = 16384;
    p.maxTexture1DLayered[0] = p.maxTexture2DLayered[0] = p.maxTexture2DLayered[1] = 32768;
    p.maxTexture1DLayered[1] = p.maxTexture2DLayered[2] = 2048;
    p.singleToDoublePrecisionPerfRatio = 2;
    return p;
}

cudaError_t cudaGetDeviceCount(int *count) {
    if (!count) return set_error(cudaErrorInvalidValue);
    *count = 1;
    return cudaSuccess;
}
cudaError_t cudaGetDevice(int *device) {
    if (!device) return set_error(cudaErrorInvalidValue);
    *device = 0;
    return cudaSuccess;
}
cudaError_t cudaSetDevice(int device) { return set_error(device == 0 ? cudaSuccess : cudaErrorInvalidDevice); }
cudaError_t cudaSetDeviceFlags(unsigned int) { return cudaSuccess; }
cudaError_t cudaGetDeviceFlags(unsigned int *flags) {
    *flags = cudaDeviceScheduleAuto;
    return cudaSuccess;
}
cudaError_t cudaSetValidDevices(int *, int) { return cudaSuccess; }
cudaError_t cudaChooseDevice(int *device, const cudaDeviceProp *) { return cudaGetDevice(device); }

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int device) {
    if (!properties) return set_error(cudaErrorInvalidValue);
    if (device != 0) return set_error(cudaErrorInvalidDevice);
    *properties = describe();
    return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr attribute, int device) {
    if (!value) return set_error(cudaErrorInvalidValue);
    if (device != 0) return set_error(cudaErrorInvalidDevice);
    const cudaDeviceProp p = describe();
    switch (attribute) {
    case cudaDevAttrMaxThreadsPerBlock: *value = p.maxThreadsPerBlock; break;
    case cudaDevAttrMaxBlockDimX: *value = p.maxThreadsDim[0]; break;
    case cudaDevAttrMaxBlockDimY: *value = p.maxThreadsDim[1]; break;
    case cudaDevAttrMaxBlockDimZ: *value = p.maxThreadsDim[2]; break;
    case cudaDevAttrMaxGridDimX: *value = p.maxGridSize[0]; break;
    case cudaDevAttrMaxGridDimY: *value = p.maxGridSize[1]; break;
    case cudaDevAttrMaxGridDimZ: *value = p.maxGridSize[2]; break;
    case cudaDevAttrMaxSharedMemoryPerBlock: *value = static_cast<int>(p.sharedMemPerBlock); break;
    case cudaDevAttrTotalConstantMemory: *value = static_cast<int>(p.totalConstMem); break;
    case cudaDevAttrWarpSize: *value = p.warpSize; break;
    case cudaDevAttrMaxPitch: *value = static_cast<int>(p.memPitch); break;
    case cudaDevAttrMaxRegistersPerBlock: *value = p.regsPerBlock; break;
    case cudaDevAttrClockRate: *value = p.clockRate; break;
    case cudaDevAttrMultiProcessorCount: *value = p.multiProcessorCount; break;
    case cudaDevAttrKernelExecTimeout: *value = 0; break;
    case cudaDevAttrIntegrated: *value = 0; break;
    case cudaDevAttrCanMapHostMemory: *value = 1; break;
    case cudaDevAttrComputeMode: *value = cudaComputeModeDefault; break;
    case cudaDevAttrConcurrentKernels: *value = 1; break;
    case cudaDevAttrEccEnabled: *value = 0; break;
    case cudaDevAttrMemoryClockRate: *value = p.memoryClockRate; break;
    case cudaDevAttrGlobalMemoryBusWidth: *value = p.memoryBusWidth; break;
    case cudaDevAttrL2CacheSize: *value = p.l2CacheSize; break;
    case cudaDevAttrMaxThreadsPerMultiProcessor: *value = p.maxThreadsPerMultiProcessor; break;
    case cudaDevAttrAsyncEngineCount: *value = p.asyncEngineCount; break;
    case cudaDevAttrUnifiedAddressing: *value = 1; break;
    case cudaDevAttrComputeCapabilityMajor: *value = p.major; break;
    case cudaDevAttrComputeCapabilityMinor: *value = p.minor; break;
    case cudaDevAttrStreamPrioritiesSupported: *value = 1; break;
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor: *value = static_cast<int>(p.sharedMemPerMultiprocessor); break;
    case cudaDevAttrMaxRegistersPerMultiprocessor: *value = p.regsPerMultiprocessor; break;
    case cudaDevAttrManagedMemory: *value = 1; break;
    case cudaDevAttrPageableMemoryAccess: *value = 0; break;
    case cudaDevAttrConcurrentManagedAccess: *value = 1; break;
    case cudaDevAttrCooperativeLaunch: *value = 1; break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin: *value = static_cast<int>(p.sharedMemPerBlockOptin); break;
    case cudaDevAttrMaxBlocksPerMultiprocessor: *value = p.maxBlocksPerMultiProcessor; break;
    case cudaDevAttrTextureAlignment: *value = static_cast<int>(p.textureAlignment); break;
    case cudaDevAttrTexturePitchAlignment: *value = static_cast<int>(p.texturePitchAlignment); break;
    case cudaDevAttrSurfaceAlignment: *value = static_cast<int>(p.surfaceAlignment); break;
    case cudaDevAttrGpuOverlap: *value = p.deviceOverlap; break;
    case cudaDevAttrMaxTexture1DWidth: *value = p.maxTexture1D; break;
    case cudaDevAttrMaxTexture2DWidth: *value = p.maxTexture2D[0]; break;
    case cudaDevAttrMaxTexture2DHeight: *value = p.maxTexture2D[1]; break;
    case cudaDevAttrMaxTexture3DWidth: *value = p.maxTexture3D[0]; break;
    case cudaDevAttrMaxTexture3DHeight: *value = p.maxTexture3D[1]; break;
    case cudaDevAttrMaxTexture3DDepth: *value = p.maxTexture3D[2]; break;
    case cudaDevAttrGlobalL1CacheSupported: *value = p.globalL1CacheSupported; break;
    case cudaDevAttrLocalL1CacheSupported: *value = p.localL1CacheSupported; break;
    case cudaDevAttrSingleToDoublePrecisionPerfRatio: *value = p.singleToDoublePrecisionPerfRatio; break;
    case cudaDevAttrComputePreemptionSupported: *value = p.computePreemptionSupported; break;
    case cudaDevAttrCanUseHostPointerForRegisteredMem: *value = p.canUseHostPointerForRegisteredMem; break;
    case cudaDevAttrReservedSharedMemoryPerBlock: *value = static_cast<int>(p.reservedSharedMemPerBlock); break;
    case cudaDevAttrHostRegisterSupported: *value = p.hostRegisterSupported; break;
    case cudaDevAttrMemoryPoolsSupported: *value = p.memoryPoolsSupported; break;
    case cudaDevAttrMaxPersistingL2CacheSize: *value = p.persistingL2CacheMaxSize; break;
    case cudaDevAttrMaxAccessPolicyWindowSize: *value = p.accessPolicyMaxWindowSize; break;
    // What it has none of, and where it lies.
    case cudaDevAttrPciBusId:
    case cudaDevAttrPciDeviceId:
    case cudaDevAttrPciDomainId:
    case cudaDevAttrTccDriver:
    case cudaDevAttrIsMultiGpuBoard:
    case cudaDevAttrMultiGpuBoardGroupID:
    case cudaDevAttrHostNativeAtomicSupported:
    case cudaDevAttrCooperativeMultiDeviceLaunch:
    case cudaDevAttrCanFlushRemoteWrites:
    case cudaDevAttrPageableMemoryAccessUsesHostPageTables:
    case cudaDevAttrDirectManagedMemAccessFromHost:
    case cudaDevAttrSparseCudaArraySupported:
    case cudaDevAttrHostRegisterReadOnlySupported:
    case cudaDevAttrGPUDirectRDMASupported:
    case cudaDevAttrMemoryPoolSupportedHandleTypes:
    case cudaDevAttrClusterLaunch: *value = 0; break;
    default: return set_error(cudaErrorInvalidValue);
    }
    return cudaSuccess;
}

cudaError_t cudaDeviceGetP2PAttribute(int *value, cudaDeviceP2PAttr, int, int) {
    return set_error(value ? cudaErrorInvalidDevice : cudaErrorInvalidValue);  // there is no second device
}
cudaError_t cudaDeviceGetByPCIBusId(int *device, const char *id) {
    if (!device || !id) return set_error(cudaErrorInvalidValue);
    *device = 0;
    return set_error(std::strcmp(id, "0000:00:00.0") == 0 ? cudaSuccess : cudaErrorInvalidDevice);
}
cudaError_t cudaInitDevice(int device, unsigned int, unsigned int) { return cudaSetDevice(device); }
cudaError_t cudaDeviceGetPCIBusId(char *id, int length, int device) {
    if (!id || length < 13 || device != 0) return set_error(cudaErrorInvalidValue);
    std::snprintf(id, length, "0000:00:00.0");
    return cudaSuccess;
}
cudaError_t cudaDeviceSynchronize() {
    if (checker) checker->host_waits_for_all();
    return cudaSuccess;
}
cudaError_t cudaThreadSynchronize() { return cudaDeviceSynchronize(); }
cudaError_t cudaThreadExit() { return cudaDeviceReset(); }
cudaError_t cudaDeviceReset() {
    if (checker) checker->host_waits_for_all();
    arena_reset();
    return cudaSuccess;
}

static std::size_t limits[] = {1024, 1 << 20, 8 << 20, 2, 2048, 64, 0};
cudaError_t cudaDeviceSetLimit(cudaLimit limit, std::size_t value) {
    if (limit < cudaLimitStackSize || limit > cudaLimitPersistingL2CacheSize) return set_error(cudaErrorInvalidValue);
    limits[limit] = value;
    if (limit == cudaLimitStackSize) set_stack_bytes(value);
    return cudaSuccess;
}
cudaError_t cudaDeviceGetLimit(std::size_t *value, cudaLimit limit) {
    if (!value || limit < cudaLimitStackSize || limit > cudaLimitPersistingL2CacheSize) return set_error(cudaErrorInvalidValue);
    *value = limits[limit];
    return cudaSuccess;
}
cudaError_t cudaDeviceSetCacheConfig(cudaFuncCache) { return cudaSuccess; }
cudaError_t cudaDeviceGetCacheConfig(cudaFuncCache *config) {
    *config = cudaFuncCachePreferNone;
    return cudaSuccess;
}
cudaError_t cudaThreadSetLimit(cudaLimit limit, std::size_t value) { return cudaDeviceSetLimit(limit, value); }
cudaError_t cudaThreadGetLimit(std::size_t *value, cudaLimit limit) { return cudaDeviceGetLimit(value, limit); }
cudaError_t cudaThreadSetCacheConfig(cudaFuncCache config) { return cudaDeviceSetCacheConfig(config); }
cudaError_t cudaThreadGetCacheConfig(cudaFuncCache *config) { return cudaDeviceGetCacheConfig(config); }
cudaError_t cudaCtxResetPersistingL2Cache() { return cudaSuccess; }
cudaError_t cudaDeviceSetSharedMemConfig(cudaSharedMemConfig) { return cudaSuccess; }
cudaError_t cudaDeviceGetSharedMemConfig(cudaSharedMemConfig *config) {
    *config = cudaSharedMemBankSizeFourByte;
    return cudaSuccess;
}
cudaError_t cudaDeviceGetStreamPriorityRange(int *least, int *greatest) {
    if (least) *least = 0;
    if (greatest) *greatest = -5;
    return cudaSuccess;
}
cudaError_t cudaDeviceCanAccessPeer(int *can, int device, int peer) {
    if (!can || device != 0 || peer != 0) return set_error(cudaErrorInvalidDevice);
    *can = 0;
    return cudaSuccess;
}
cudaError_t cudaDeviceEnablePeerAccess(int, unsigned int) { return set_error(cudaErrorInvalidDevice); }
cudaError_t cudaDeviceDisablePeerAccess(int) { return set_error(cudaErrorPeerAccessNotEnabled); }
cudaError_t cudaDriverGetVersion(int *version) {
    *version = VERSION;
    return cudaSuccess;
}
cudaError_t cudaRuntimeGetVersion(int *version) {
    *version = VERSION;
    return cudaSuccess;
}
cudaError_t cudaProfilerStart() { return cudaSuccess; }
cudaError_t cudaProfilerStop() { return cudaSuccess; }

// --- kernels

static std::atomic<std::size_t> raised{SHARED_DEFAULT};

// A launch does not always know its kernel's address, so that what one kernel was granted is granted to all.
std::size_t hpcraft_cuda::dynamic_limit() { return raised; }

cudaError_t hpcraft_cuda::set_function_attribute(const void *function, cudaFuncAttribute attribute, int value) {
    if (!function) return set_error(cudaErrorInvalidDeviceFunction);
    if (attribute == cudaFuncAttributePreferredSharedMemoryCarveout) return cudaSuccess;
    const auto bytes = static_cast<std::size_t>(value);
    if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize || value < 0 || bytes > SHARED_OPT_IN) return set_error(cudaErrorInvalidValue);
    if (bytes > raised) raised = bytes;
    return cudaSuccess;
}

cudaError_t hpcraft_cuda::function_attributes(cudaFuncAttributes *attributes, const void *function) {
    if (!attributes || !function) return set_error(cudaErrorInvalidDeviceFunction);
    *attributes = cudaFuncAttributes{0, 0, 0, MAX_THREADS, 32, 80, 80, 0, static_cast<int>(raised.load()), -1};
    return cudaSuccess;
}

static int resident_blocks(std::uint64_t threads, std::size_t dynamic_bytes) {
    const std::uint64_t rounded = (threads + WARP - 1) / WARP * WARP;
    const std::uint64_t by_shared = RESIDENT_SHARED / (dynamic_bytes + RESERVED_SHARED);
    return static_cast<int>(std::min({RESIDENT_THREADS / rounded, by_shared, std::uint64_t{RESIDENT_BLOCKS}}));
}

std::uint64_t hpcraft_cuda::most_resident_blocks(std::uint64_t threads, std::size_t dynamic_bytes) {
    return std::uint64_t{MULTIPROCESSORS} * resident_blocks(threads, dynamic_bytes);
}

cudaError_t hpcraft_cuda::occupancy(int *blocks, int threads, std::size_t dynamic_bytes) {
    if (!blocks || threads < 1) return set_error(cudaErrorInvalidValue);
    *blocks = threads > static_cast<int>(MAX_THREADS) ? 0 : resident_blocks(threads, dynamic_bytes);
    return cudaSuccess;
}

cudaError_t hpcraft_cuda::available_shared(std::size_t *bytes, int blocks, int threads) {
    if (!bytes || blocks < 1 || threads < 1 || threads > static_cast<int>(MAX_THREADS)) return set_error(cudaErrorInvalidValue);
    const std::size_t each = RESIDENT_SHARED / static_cast<std::size_t>(blocks);
    *bytes = each > RESERVED_SHARED ? std::min(each - RESERVED_SHARED, dynamic_limit()) : 0;
    return cudaSuccess;
}

// Streams and events. What is put into a stream happens at once, so that every stream is always idle.

#include <chrono>
#include <mutex>
#include <set>

#include "cuda_runtime_api.h"
#include "runtime.h"

namespace hpcraft_cuda {

struct Stream {
    unsigned flags;
    int priority;
    cudaStreamAttrValue window{};  // of the L2 cache; only kept
};

struct Event {
    unsigned flags;
    bool recorded;
    std::chrono::steady_clock::time_point time;
};

namespace {
struct Handles {
    std::mutex guard;
    std::set<const void *> live;
    bool has(const void *handle) {
        const std::lock_guard lock(guard);
        return live.count(handle) != 0;
    }
    template <class T>
    T *add(T *handle) {
        const std::lock_guard lock(guard);
        live.insert(handle);
        return handle;
    }
    bool remove(const void *handle) {
        const std::lock_guard lock(guard);
        return live.erase(handle) != 0;
    }
};
Handles &handles = *new Handles;

bool is_stream(cudaStream_t stream) {
    return !stream || stream == cudaStreamLegacy || stream == cudaStreamPerThread || stream == cudaStreamFireAndForget || handles.has(stream);
}
cudaError_t checked(bool good) { return set_error(good ? cudaSuccess : cudaErrorInvalidResourceHandle); }
}  // namespace

}  // namespace hpcraft_cuda

using namespace hpcraft_cuda;

cudaError_t cudaStreamCreateWithPriority(cudaStream_t *stream, unsigned int flags, int priority) {
    if (!stream) return set_error(cudaErrorInvalidValue);
    *stream = handles.add(new Stream{flags, priority, {}});
    if (checker) checker->stream_made(*stream, !(flags & cudaStreamNonBlocking));
    return cudaSuccess;
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned int flags) { return cudaStreamCreateWithPriority(stream, flags, 0); }
cudaError_t cudaStreamCreate(cudaStream_t *stream) { return cudaStreamCreateWithPriority(stream, cudaStreamDefault, 0); }
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    if (!handles.remove(stream)) return set_error(cudaErrorInvalidResourceHandle);
    delete stream;
    return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    if (checker && is_stream(stream)) checker->host_waits(stream);
    return checked(is_stream(stream));
}
cudaError_t cudaStreamQuery(cudaStream_t stream) { return cudaStreamSynchronize(stream); }
cudaError_t cudaStreamGetFlags(cudaStream_t stream, unsigned int *flags) {
    if (!flags || !is_stream(stream)) return checked(false);
    *flags = handles.has(stream) ? stream->flags : 0;
    return cudaSuccess;
}
cudaError_t cudaStreamGetPriority(cudaStream_t stream, int *priority) {
    if (!priority || !is_stream(stream)) return checked(false);
    *priority = handles.has(stream) ? stream->priority : 0;
    return cudaSuccess;
}
cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus *status) {
    if (!status || !is_stream(stream)) return checked(false);
    *status = cudaStreamCaptureStatusNone;
    return cudaSuccess;
}
cudaError_t cudaStreamSetAttribute(cudaStream_t stream, cudaStreamAttrID attribute, const cudaStreamAttrValue *value) {
    if (!value || !is_stream(stream)) return checked(false);
    if (!handles.has(stream)) return cudaSuccess;
    if (attribute == cudaStreamAttributeAccessPolicyWindow) stream->window = *value;
    if (attribute == cudaStreamAttributePriority) stream->priority = value->priority;
    return cudaSuccess;
}
cudaError_t cudaStreamGetAttribute(cudaStream_t stream, cudaStreamAttrID attribute, cudaStreamAttrValue *value) {
    if (!value || !is_stream(stream)) return checked(false);
    *value = cudaStreamAttrValue{};
    if (!handles.has(stream)) return cudaSuccess;
    if (attribute == cudaStreamAttributeAccessPolicyWindow) *value = stream->window;
    if (attribute == cudaStreamAttributePriority) value->priority = stream->priority;
    return cudaSuccess;
}
cudaError_t cudaStreamCopyAttributes(cudaStream_t to, cudaStream_t from) {
    if (!handles.has(to) || !handles.has(from)) return checked(false);
    to->window = from->window;
    to->priority = from->priority;
    return cudaSuccess;
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned int) {
    if (!is_stream(stream) || !handles.has(event)) return checked(false);
    if (checker) checker->stream_waits(stream, event);
    return cudaSuccess;
}
cudaError_t cudaStreamAddCallback(cudaStream_t stream, cudaStreamCallback_t callback, void *data, unsigned int) {
    if (!callback || !is_stream(stream)) return checked(false);
    if (checker) checker->callback_runs(stream, true);
    callback(stream, cudaSuccess, data);
    if (checker) checker->callback_runs(stream, false);
    return cudaSuccess;
}
cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void *data) {
    if (!function || !is_stream(stream)) return checked(false);
    if (checker) checker->callback_runs(stream, true);
    function(data);
    if (checker) checker->callback_runs(stream, false);
    return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned int flags) {
    if (!event) return set_error(cudaErrorInvalidValue);
    *event = handles.add(new Event{flags, false, {}});
    return cudaSuccess;
}
cudaError_t cudaEventCreate(cudaEvent_t *event) { return cudaEventCreateWithFlags(event, cudaEventDefault); }
cudaError_t cudaEventDestroy(cudaEvent_t event) {
    if (!handles.remove(event)) return set_error(cudaErrorInvalidResourceHandle);
    delete event;
    return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
    if (!handles.has(event) || !is_stream(stream)) return checked(false);
    if (checker) checker->event_recorded(event, stream);
    event->recorded = true;
    event->time = std::chrono::steady_clock::now();
    return cudaSuccess;
}
cudaError_t cudaEventRecordWithFlags(cudaEvent_t event, cudaStream_t stream, unsigned int) { return cudaEventRecord(event, stream); }
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
    if (checker && handles.has(event)) checker->host_waits_for(event);
    return checked(handles.has(event));
}
cudaError_t cudaEventQuery(cudaEvent_t event) { return cudaEventSynchronize(event); }
cudaError_t cudaEventElapsedTime(float *milliseconds, cudaEvent_t start, cudaEvent_t end) {
    if (!milliseconds) return set_error(cudaErrorInvalidValue);
    if (!handles.has(start) || !handles.has(end)) return checked(false);
    if (!start->recorded || !end->recorded || (start->flags | end->flags) & cudaEventDisableTiming) return checked(false);
    *milliseconds = std::chrono::duration<float, std::milli>(end->time - start->time).count();
    return cudaSuccess;
}

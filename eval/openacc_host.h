/*
 * OpenACC's routines as the host has them, for answers that are said in OpenMP (hpcraft.eval.openacc_races): host and device are one memory, and what
 * was asked for is done at once. Names and values are those of gcc and its runtime; a test holds both beside each other.
 */
#ifndef HPCRAFT_OPENACC_HOST_H
#define HPCRAFT_OPENACC_HOST_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define HPCRAFT_HOST static inline __attribute__((unused))

typedef enum {
    acc_device_current = -1,
    acc_device_none = 0,
    acc_device_default = 1,
    acc_device_host = 2,
    acc_device_not_host = 4,
    acc_device_nvidia = 5,
    acc_device_radeon = 8
} acc_device_t;
typedef enum {
    acc_property_memory = 1,
    acc_property_free_memory = 2,
    acc_property_name = 0x10001,
    acc_property_vendor = 0x10002,
    acc_property_driver = 0x10003
} acc_device_property_t;
typedef enum { acc_async_noval = -1, acc_async_sync = -2 } acc_async_t;

/* Devices. */
HPCRAFT_HOST int acc_get_num_devices(acc_device_t kind) { return kind == acc_device_host || kind == acc_device_default; }
HPCRAFT_HOST void acc_set_device_type(acc_device_t kind) { (void)kind; }
HPCRAFT_HOST acc_device_t acc_get_device_type(void) { return acc_device_host; }
HPCRAFT_HOST void acc_set_device_num(int number, acc_device_t kind) { (void)number, (void)kind; }
HPCRAFT_HOST int acc_get_device_num(acc_device_t kind) { return (void)kind, 0; }
HPCRAFT_HOST size_t acc_get_property(int number, acc_device_t kind, acc_device_property_t what) { return (void)number, (void)kind, (void)what, 0; }
HPCRAFT_HOST const char *acc_get_property_string(int number, acc_device_t kind, acc_device_property_t what) {
    (void)number, (void)kind;
    if (what == acc_property_name) return "GOMP";
    if (what == acc_property_vendor) return "GNU";
    return what == acc_property_driver ? "1.0" : NULL;
}
HPCRAFT_HOST void acc_init(acc_device_t kind) { (void)kind; }
HPCRAFT_HOST void acc_shutdown(acc_device_t kind) { (void)kind; }
HPCRAFT_HOST int acc_on_device(int kind) { return kind == acc_device_host || kind == acc_device_none; }
HPCRAFT_HOST void *acc_get_current_cuda_device(void) { return NULL; }
HPCRAFT_HOST void *acc_get_current_cuda_context(void) { return NULL; }
HPCRAFT_HOST void *acc_get_cuda_stream(int queue) { return (void)queue, (void *)NULL; }
HPCRAFT_HOST int acc_set_cuda_stream(int queue, void *stream) { return (void)queue, (void)stream, 0; }

/* Queues. */
HPCRAFT_HOST int acc_async_test(int queue) { return (void)queue, 1; }
HPCRAFT_HOST int acc_async_test_all(void) { return 1; }
HPCRAFT_HOST void acc_wait(int queue) { (void)queue; }
HPCRAFT_HOST void acc_async_wait(int queue) { (void)queue; }
HPCRAFT_HOST void acc_wait_async(int queue, int other) { (void)queue, (void)other; }
HPCRAFT_HOST void acc_wait_all(void) {}
HPCRAFT_HOST void acc_async_wait_all(void) {}
HPCRAFT_HOST void acc_wait_all_async(int queue) { (void)queue; }

/* Memory. */
HPCRAFT_HOST void *acc_malloc(size_t bytes) { return bytes ? malloc(bytes) : NULL; }
HPCRAFT_HOST void acc_free(void *data) { free(data); }
HPCRAFT_HOST void *acc_deviceptr(void *data) { return data; }
HPCRAFT_HOST void *acc_hostptr(void *data) { return data; }
HPCRAFT_HOST int acc_is_present(void *data, size_t bytes) { return data && bytes; }
HPCRAFT_HOST void acc_map_data(void *data, void *device, size_t bytes) { (void)data, (void)device, (void)bytes; }
HPCRAFT_HOST void acc_unmap_data(void *data) { (void)data; }

#define HPCRAFT_COPIES(name)                                                                                                               \
    HPCRAFT_HOST void name(void *to, void *from, size_t bytes) { memmove(to, from, bytes); }                                               \
    HPCRAFT_HOST void name##_async(void *to, void *from, size_t bytes, int queue) { (void)queue, memmove(to, from, bytes); }
#define HPCRAFT_IS_THERE(name)                                                                                                             \
    HPCRAFT_HOST void *name(void *data, size_t bytes) { return (void)bytes, data; }
#define HPCRAFT_NOTHING(name)                                                                                                              \
    HPCRAFT_HOST void name(void *data, size_t bytes) { (void)data, (void)bytes; }
#define HPCRAFT_NOTHING_ASYNC(name)                                                                                                        \
    HPCRAFT_HOST void name##_async(void *data, size_t bytes, int queue) { (void)data, (void)bytes, (void)queue; }
#define HPCRAFT_ATTACHES(name)                                                                                                             \
    HPCRAFT_HOST void name(void **data) { (void)data; }                                                                                    \
    HPCRAFT_HOST void name##_async(void **data, int queue) { (void)data, (void)queue; }

HPCRAFT_COPIES(acc_memcpy_to_device)
HPCRAFT_COPIES(acc_memcpy_from_device)
HPCRAFT_IS_THERE(acc_copyin)
HPCRAFT_IS_THERE(acc_present_or_copyin)
HPCRAFT_IS_THERE(acc_pcopyin)
HPCRAFT_IS_THERE(acc_create)
HPCRAFT_IS_THERE(acc_present_or_create)
HPCRAFT_IS_THERE(acc_pcreate)
HPCRAFT_NOTHING_ASYNC(acc_copyin)
HPCRAFT_NOTHING_ASYNC(acc_create)
HPCRAFT_NOTHING(acc_copyout) HPCRAFT_NOTHING_ASYNC(acc_copyout)
HPCRAFT_NOTHING(acc_copyout_finalize) HPCRAFT_NOTHING_ASYNC(acc_copyout_finalize)
HPCRAFT_NOTHING(acc_delete) HPCRAFT_NOTHING_ASYNC(acc_delete)
HPCRAFT_NOTHING(acc_delete_finalize) HPCRAFT_NOTHING_ASYNC(acc_delete_finalize)
HPCRAFT_NOTHING(acc_update_device) HPCRAFT_NOTHING_ASYNC(acc_update_device)
HPCRAFT_NOTHING(acc_update_self) HPCRAFT_NOTHING_ASYNC(acc_update_self)
HPCRAFT_ATTACHES(acc_attach)
HPCRAFT_ATTACHES(acc_detach)
HPCRAFT_ATTACHES(acc_detach_finalize)

#endif

/*
 * OpenACC's routines as the host has them, for answers that are said in OpenMP (hpcraft.eval.openacc_races): host and device are one memory, and what
 * was asked for is done at once. Numbers are those of gcc's own header.
 */
#ifndef HPCRAFT_OPENACC_HOST_H
#define HPCRAFT_OPENACC_HOST_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef enum {
    acc_device_none = 0,
    acc_device_default = 1,
    acc_device_host = 2,
    acc_device_not_host = 4,
    acc_device_nvidia = 5,
    acc_device_radeon = 8
} acc_device_t;
enum { acc_async_noval = -1, acc_async_sync = -2, acc_async_default = 0 };

#define HPCRAFT_IS_THERE(name)                                                                                                             \
    static inline void *name(void *data, size_t bytes) {                                                                                   \
        (void)bytes;                                                                                                                       \
        return data;                                                                                                                       \
    }
#define HPCRAFT_GOES(name)                                                                                                                 \
    static inline void name(void *data, size_t bytes) { (void)data, (void)bytes; }                                                        \
    static inline void name##_async(void *data, size_t bytes, int queue) { (void)data, (void)bytes, (void)queue; }

static inline int acc_get_num_devices(acc_device_t kind) { return kind == acc_device_host; }
static inline void acc_set_device_type(acc_device_t kind) { (void)kind; }
static inline acc_device_t acc_get_device_type(void) { return acc_device_host; }
static inline void acc_set_device_num(int number, acc_device_t kind) { (void)number, (void)kind; }
static inline int acc_get_device_num(acc_device_t kind) { return (void)kind, 0; }
static inline void acc_init(acc_device_t kind) { (void)kind; }
static inline void acc_shutdown(acc_device_t kind) { (void)kind; }
static inline int acc_on_device(acc_device_t kind) { return kind == acc_device_host || kind == acc_device_none; }
static inline int acc_async_test(int queue) { return (void)queue, 1; }
static inline int acc_async_test_all(void) { return 1; }
static inline void acc_wait(int queue) { (void)queue; }
static inline void acc_async_wait(int queue) { (void)queue; }
static inline void acc_wait_all(void) {}
static inline void acc_async_wait_all(void) {}
static inline void acc_wait_async(int queue, int other) { (void)queue, (void)other; }
static inline void acc_wait_all_async(int queue) { (void)queue; }
static inline int acc_get_default_async(void) { return acc_async_default; }
static inline void acc_set_default_async(int queue) { (void)queue; }
static inline void *acc_malloc(size_t bytes) { return malloc(bytes); }
static inline void acc_free(void *data) { free(data); }
static inline void *acc_deviceptr(void *data) { return data; }
static inline void *acc_hostptr(void *data) { return data; }
static inline int acc_is_present(void *data, size_t bytes) { return (void)data, (void)bytes, 1; }
static inline void acc_map_data(void *data, void *device, size_t bytes) { (void)data, (void)device, (void)bytes; }
static inline void acc_unmap_data(void *data) { (void)data; }
static inline void acc_memcpy_to_device(void *device, void *data, size_t bytes) { memmove(device, data, bytes); }
static inline void acc_memcpy_from_device(void *data, void *device, size_t bytes) { memmove(data, device, bytes); }
static inline void acc_memcpy_device(void *to, void *from, size_t bytes) { memmove(to, from, bytes); }
HPCRAFT_IS_THERE(acc_copyin)
HPCRAFT_IS_THERE(acc_present_or_copyin)
HPCRAFT_IS_THERE(acc_pcopyin)
HPCRAFT_IS_THERE(acc_create)
HPCRAFT_IS_THERE(acc_present_or_create)
HPCRAFT_IS_THERE(acc_pcreate)
HPCRAFT_GOES(acc_copyout)
HPCRAFT_GOES(acc_copyout_finalize)
HPCRAFT_GOES(acc_delete)
HPCRAFT_GOES(acc_delete_finalize)
HPCRAFT_GOES(acc_update_device)
HPCRAFT_GOES(acc_update_self)
HPCRAFT_GOES(acc_update_local)
static inline void acc_attach(void **data) { (void)data; }
static inline void acc_detach(void **data) { (void)data; }

#endif

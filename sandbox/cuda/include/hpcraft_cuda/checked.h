// Under checks: functions of the C library that touch memory, or give it out to device code, tell the checks so.
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef HPCRAFT_CUDA_CHECKED

extern "C" {
void *memcpy(void *, const void *, size_t) noexcept __asm__("hpcraft_cuda_memcpy");
void *memmove(void *, const void *, size_t) noexcept __asm__("hpcraft_cuda_memmove");
void *memset(void *, int, size_t) noexcept __asm__("hpcraft_cuda_memset");
void *malloc(size_t) noexcept __asm__("hpcraft_cuda_malloc");
void free(void *) noexcept __asm__("hpcraft_cuda_free");
int printf(const char *, ...) __asm__("hpcraft_cuda_printf");
}

#endif

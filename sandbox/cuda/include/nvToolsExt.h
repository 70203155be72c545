// Marks for profilers: nothing looks at them here.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define NVTX_VERSION 3
#define NVTX_EVENT_ATTRIB_STRUCT_SIZE ((uint16_t)sizeof(nvtxEventAttributes_t))

typedef uint64_t nvtxRangeId_t;
typedef struct nvtxDomainRegistration *nvtxDomainHandle_t;
typedef struct nvtxStringRegistration *nvtxStringHandle_t;
typedef enum nvtxColorType_t { NVTX_COLOR_UNKNOWN = 0, NVTX_COLOR_ARGB = 1 } nvtxColorType_t;
typedef enum nvtxMessageType_t {
    NVTX_MESSAGE_UNKNOWN = 0,
    NVTX_MESSAGE_TYPE_ASCII = 1,
    NVTX_MESSAGE_TYPE_UNICODE = 2,
    NVTX_MESSAGE_TYPE_REGISTERED = 3
} nvtxMessageType_t;
typedef enum nvtxPayloadType_t {
    NVTX_PAYLOAD_UNKNOWN = 0,
    NVTX_PAYLOAD_TYPE_UNSIGNED_INT64 = 1,
    NVTX_PAYLOAD_TYPE_INT64 = 2,
    NVTX_PAYLOAD_TYPE_DOUBLE = 3
} nvtxPayloadType_t;
typedef union nvtxMessageValue_t {
    const char *ascii;
    const wchar_t *unicode;
    nvtxStringHandle_t registered;
} nvtxMessageValue_t;
typedef struct nvtxEventAttributes_v2 {
    uint16_t version, size;
    uint32_t category;
    int32_t colorType;
    uint32_t color;
    int32_t payloadType, reserved0;
    union payload_t {
        uint64_t ullValue;
        int64_t llValue;
        double dValue;
    } payload;
    int32_t messageType;
    nvtxMessageValue_t message;
} nvtxEventAttributes_t;

static inline int nvtxRangePushA(const char *given) { (void)given; return 0; }
static inline int nvtxRangePushW(const wchar_t *given) { (void)given; return 0; }
static inline int nvtxRangePush(const char *given) { (void)given; return 0; }
static inline int nvtxRangePushEx(const nvtxEventAttributes_t *given) { (void)given; return 0; }
static inline int nvtxRangePop(void) { return 0; }
static inline void nvtxMarkA(const char *given) { (void)given; }
static inline void nvtxMark(const char *given) { (void)given; }
static inline void nvtxMarkEx(const nvtxEventAttributes_t *given) { (void)given; }
static inline nvtxRangeId_t nvtxRangeStartA(const char *given) { (void)given; return 0; }
static inline nvtxRangeId_t nvtxRangeStart(const char *given) { (void)given; return 0; }
static inline nvtxRangeId_t nvtxRangeStartEx(const nvtxEventAttributes_t *given) { (void)given; return 0; }
static inline void nvtxRangeEnd(nvtxRangeId_t given) { (void)given; }
static inline void nvtxInitialize(const void *given) { (void)given; }
static inline nvtxDomainHandle_t nvtxDomainCreateA(const char *given) { (void)given; return NULL; }
static inline nvtxDomainHandle_t nvtxDomainCreate(const char *given) { (void)given; return NULL; }
static inline void nvtxDomainDestroy(nvtxDomainHandle_t given) { (void)given; }
static inline int nvtxDomainRangePop(nvtxDomainHandle_t given) { (void)given; return 0; }
static inline void nvtxNameCategoryA(uint32_t first, const char *second) { (void)first, (void)second; }
static inline void nvtxNameCategory(uint32_t first, const char *second) { (void)first, (void)second; }
static inline void nvtxNameOsThreadA(uint32_t first, const char *second) { (void)first, (void)second; }
static inline void nvtxNameOsThread(uint32_t first, const char *second) { (void)first, (void)second; }
static inline int nvtxDomainRangePushEx(nvtxDomainHandle_t first, const nvtxEventAttributes_t *second) { (void)first, (void)second; return 0; }
static inline void nvtxDomainMarkEx(nvtxDomainHandle_t first, const nvtxEventAttributes_t *second) { (void)first, (void)second; }
static inline nvtxStringHandle_t nvtxDomainRegisterStringA(nvtxDomainHandle_t first, const char *second) { (void)first, (void)second; return NULL; }

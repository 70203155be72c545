// Texture objects: arrays, pitched and plain memory; filters, address modes, normalized reads, layers and three dimensions.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <vector>

constexpr int W = 8, H = 4, D = 3;

__global__ void read2(cudaTextureObject_t t, const float2 *at, float *out, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = tex2D<float>(t, at[i].x, at[i].y);
}
__global__ void read_bytes(cudaTextureObject_t t, float4 *out)
{
    out[threadIdx.x] = tex1Dfetch<float4>(t, static_cast<int>(threadIdx.x) - 1);
}
__global__ void read_pairs(cudaTextureObject_t t, int2 *out) { tex1Dfetch(&out[threadIdx.x], t, threadIdx.x); }
__global__ void read3(cudaTextureObject_t t, float *out) { out[threadIdx.x] = tex3D<float>(t, threadIdx.x % W + 0.5f, threadIdx.x / W % H + 0.5f, threadIdx.x / (W * H) + 1.0f); }
__global__ void read_layer(cudaTextureObject_t t, short *out) { out[threadIdx.x] = tex2DLayered<short>(t, threadIdx.x % W, threadIdx.x / W, 2); }

static int bad;
static void same(const char *what, float found, float wanted)
{
    if (std::fabs(found - wanted) < 1e-5f) return;
    if (++bad < 9) std::printf("%s: %g instead of %g\n", what, found, wanted);
}
static cudaTextureObject_t object(const cudaResourceDesc &r, cudaTextureAddressMode mode, bool linear, bool normalized, bool as_float = false)
{
    cudaTextureDesc d = {};
    d.addressMode[0] = d.addressMode[1] = d.addressMode[2] = mode;
    d.filterMode = linear ? cudaFilterModeLinear : cudaFilterModePoint;
    d.readMode = as_float ? cudaReadModeNormalizedFloat : cudaReadModeElementType;
    d.normalizedCoords = normalized;
    cudaTextureObject_t made = 0;
    if (cudaCreateTextureObject(&made, &r, &d, nullptr) != cudaSuccess) ++bad;
    return made;
}
static void ask(cudaTextureObject_t t, const std::vector<float2> &at, const std::vector<float> &wanted, const char *what)
{
    float2 *places;
    float *out;
    cudaMallocManaged(&places, at.size() * sizeof(float2));
    cudaMallocManaged(&out, at.size() * sizeof(float));
    for (size_t i = 0; i < at.size(); ++i) places[i] = at[i];
    read2<<<1, 32>>>(t, places, out, static_cast<int>(at.size()));
    cudaDeviceSynchronize();
    for (size_t i = 0; i < at.size(); ++i) same(what, out[i], wanted[i]);
    cudaFree(places);
    cudaFree(out);
}

static double joined(int2 halves)
{
    double whole;
    memcpy(&whole, &halves, sizeof whole);
    return whole;
}

int main()
{
    float host[H * W];
    for (int i = 0; i < H * W; ++i) host[i] = static_cast<float>(i * i);
    auto at = [&](int x, int y) { return host[y * W + x]; };

    cudaArray_t array;
    cudaChannelFormatDesc floats = cudaCreateChannelDesc<float>();
    cudaMallocArray(&array, &floats, W, H);
    cudaMemcpy2DToArray(array, 0, 0, host, W * sizeof(float), W * sizeof(float), H, cudaMemcpyHostToDevice);
    cudaResourceDesc r = {};
    r.resType = cudaResourceTypeArray;
    r.res.array.array = array;
    ask(object(r, cudaAddressModeClamp, false, false), {{2.9f, 1.1f}, {-5, 9}, {100, 0}}, {at(2, 1), at(0, 3), at(7, 0)}, "point, clamp");
    ask(object(r, cudaAddressModeBorder, false, false), {{2.9f, 1.1f}, {-0.1f, 1}, {8, 1}}, {at(2, 1), 0, 0}, "point, border");
    ask(object(r, cudaAddressModeWrap, false, true), {{1.25f, 0.5f}, {-0.125f, -0.25f}}, {at(2, 2), at(7, 3)}, "point, wrap");
    ask(object(r, cudaAddressModeMirror, false, true), {{1.05f, 0.5f}, {-0.2f, 1.9f}}, {at(7, 2), at(1, 0)}, "point, mirror");
    ask(object(r, cudaAddressModeClamp, true, false), {{3, 2}, {0, 0}, {2.5f, 1.75f}},
        {(at(2, 1) + at(3, 1) + at(2, 2) + at(3, 2)) / 4, at(0, 0), 0.75f * at(2, 1) + 0.25f * at(2, 2)}, "linear");
    ask(object(r, cudaAddressModeWrap, true, true), {{0, 0.125f}}, {(at(7, 0) + at(0, 0)) / 2}, "linear, wrap");
    // Weights have 8 bits.
    ask(object(r, cudaAddressModeClamp, true, false), {{1.501f, 0.5f}, {1.506f, 0.5f}}, {at(1, 0), at(1, 0) + 2 * (at(2, 0) - at(1, 0)) / 256}, "weights");

    float *rows;
    size_t pitch;
    cudaMallocPitch(&rows, &pitch, W * sizeof(float), H);
    cudaMemcpy2D(rows, pitch, host, W * sizeof(float), W * sizeof(float), H, cudaMemcpyHostToDevice);
    r = {};
    r.resType = cudaResourceTypePitch2D;
    r.res.pitch2D.devPtr = rows;
    r.res.pitch2D.desc = floats;
    r.res.pitch2D.width = W;
    r.res.pitch2D.height = H;
    r.res.pitch2D.pitchInBytes = pitch;
    ask(object(r, cudaAddressModeClamp, false, false), {{5, 3}, {0.5f, 1.5f}}, {at(5, 3), at(0, 1)}, "pitched");

    uchar4 *bytes;
    float4 *out4;
    cudaMallocManaged(&bytes, 4 * sizeof(uchar4));
    cudaMallocManaged(&out4, 6 * sizeof(float4));
    for (int i = 0; i < 4; ++i) bytes[i] = make_uchar4(i, 51, 255, 0);
    r = {};
    r.resType = cudaResourceTypeLinear;
    r.res.linear.devPtr = bytes;
    r.res.linear.desc = cudaCreateChannelDesc<uchar4>();
    r.res.linear.sizeInBytes = 4 * sizeof(uchar4);
    read_bytes<<<1, 6>>>(object(r, cudaAddressModeClamp, false, false, true), out4);
    cudaDeviceSynchronize();
    for (int i = 0; i < 6; ++i) same("bytes", out4[i].y + out4[i].x, i == 0 || i == 5 ? 0 : 0.2f + static_cast<float>(i - 1) / 255);

    double *doubles;
    int2 *pairs;
    cudaMallocManaged(&doubles, 4 * sizeof(double));
    cudaMallocManaged(&pairs, 4 * sizeof(int2));
    for (int i = 0; i < 4; ++i) doubles[i] = i + 0.125;
    r.res.linear.devPtr = doubles;
    r.res.linear.desc = cudaCreateChannelDesc<int2>();
    r.res.linear.sizeInBytes = 4 * sizeof(double);
    read_pairs<<<1, 4>>>(object(r, cudaAddressModeClamp, false, false), pairs);
    cudaDeviceSynchronize();
    for (int i = 0; i < 4; ++i) same("pairs", static_cast<float>(joined(pairs[i])), static_cast<float>(doubles[i]));

    float cube[D * H * W], *out;
    for (int i = 0; i < D * H * W; ++i) cube[i] = static_cast<float>(3 * i);
    cudaMallocManaged(&out, sizeof cube);
    cudaArray_t volume;
    cudaMalloc3DArray(&volume, &floats, make_cudaExtent(W, H, D));
    cudaMemcpy3DParms copy = {};
    copy.srcPtr = make_cudaPitchedPtr(cube, W * sizeof(float), W, H);
    copy.dstArray = volume;
    copy.extent = make_cudaExtent(W, H, D);
    copy.kind = cudaMemcpyHostToDevice;
    cudaMemcpy3D(&copy);
    r = {};
    r.resType = cudaResourceTypeArray;
    r.res.array.array = volume;
    read3<<<1, W * H>>>(object(r, cudaAddressModeClamp, true, false), out);
    cudaDeviceSynchronize();
    for (int i = 0; i < W * H; ++i) same("volume", out[i], (cube[i] + cube[i + W * H]) / 2);

    short layers[D * H * W], *shorts;
    for (int i = 0; i < D * H * W; ++i) layers[i] = static_cast<short>(-i);
    cudaMallocManaged(&shorts, W * H * sizeof(short));
    cudaArray_t layered;
    cudaChannelFormatDesc format = cudaCreateChannelDesc(16, 0, 0, 0, cudaChannelFormatKindSigned);
    cudaMalloc3DArray(&layered, &format, make_cudaExtent(W, H, D), cudaArrayLayered);
    copy.srcPtr = make_cudaPitchedPtr(layers, W * sizeof(short), W, H);
    copy.dstArray = layered;
    cudaMemcpy3D(&copy);
    r.res.array.array = layered;
    const cudaTextureObject_t t = object(r, cudaAddressModeClamp, false, false);
    read_layer<<<1, W * H>>>(t, shorts);
    cudaDeviceSynchronize();
    for (int i = 0; i < W * H; ++i) same("layer", shorts[i], static_cast<float>(-i - 2 * W * H));

    // Integers can't be filtered.
    cudaTextureDesc d = {};
    d.filterMode = cudaFilterModeLinear;
    cudaTextureObject_t none;
    if (cudaCreateTextureObject(&none, &r, &d, nullptr) != cudaErrorInvalidValue) ++bad;
    if (cudaDestroyTextureObject(t) != cudaSuccess || cudaFreeArray(layered) != cudaSuccess) ++bad;
    cudaGetLastError();
    std::printf(bad ? "%d wrong\n" : "ok textures\n", bad);
    return bad != 0;
}

// nvcc: -rdc=true
// Declarations that two .cu files share: kernels, a device function and a constant that live in the other one.
#pragma once

template <typename T>
class DeviceVector {
public:
    explicit DeviceVector(int n) : n_(n) { cudaMalloc(&data_, n * sizeof(T)); }
    DeviceVector(const T *host, int n) : DeviceVector(n) { cudaMemcpy(data_, host, n * sizeof(T), cudaMemcpyHostToDevice); }
    ~DeviceVector() { cudaFree(data_); }
    DeviceVector(DeviceVector &&other) noexcept : data_(other.data_), n_(other.n_) { other.data_ = nullptr; }
    DeviceVector(const DeviceVector &) = delete;
    T *get() { return data_; }
    const T *get() const { return data_; }
    int size() const { return n_; }
    void copy_to(T *host) const { cudaMemcpy(host, data_, n_ * sizeof(T), cudaMemcpyDeviceToHost); }

private:
    T *data_ = nullptr;
    int n_;
};

extern __constant__ float alpha;
__device__ float blend(float a, float b);
__global__ void blend_kernel(const float *x, float *y, int n);
void normalise(DeviceVector<float> &v);

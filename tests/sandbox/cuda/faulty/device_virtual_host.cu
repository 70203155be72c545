// fault: kind=device_access check=address line=12
// An object of the host is handed to the device.
struct Shape {
    virtual __host__ __device__ float area() const
    {
        return 1;
    }
    float r = 2;
};
__global__ void measure(Shape *s, float *o)
{
    *o = s->area() + s->r;
}

int main()
{
    Shape *s = new Shape;
    float *o;
    cudaMalloc(&o, 4);
    measure<<<1, 1>>>(s, o);
    cudaDeviceSynchronize();
}

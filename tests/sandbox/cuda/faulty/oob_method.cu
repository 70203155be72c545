// fault: kind=out_of_bounds check=address line=18 kernel=run
// A method of a class reads one element too far.
class Ring
{
    int *data;
    int size;

  public:
    __host__ __device__ Ring(int *d, int n) : data(d), size(n)
    {
    }
    __device__ int &at(int i)
    {
        return data[i];
    } // no bounds
    __device__ int get(int i) const
    {
        return data[i + 1];
    }
};
__global__ void run(Ring r, int *out)
{
    out[threadIdx.x] = r.get(threadIdx.x);
}

int main()
{
    int *d, *o;
    cudaMalloc(&d, 128);
    cudaMemset(d, 0, 128);
    cudaMalloc(&o, 128);
    run<<<1, 32>>>(Ring(d, 32), o);
    cudaDeviceSynchronize();
}

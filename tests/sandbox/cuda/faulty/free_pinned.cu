// fault: kind=bad_free check=address line=7
// Pinned memory is freed as if it were the device's.
int main()
{
    float *v;
    cudaMallocHost(&v, 128);
    cudaFree(v);
}

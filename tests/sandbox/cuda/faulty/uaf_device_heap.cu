// fault: kind=use_after_free check=address line=8
// What device code deleted is read.
__global__ void use(int *o)
{
    int *p = new int[64];
    for (int i = 0; i < 64; ++i) p[i] = i;
    delete[] p;
    *o = p[3];
}

int main()
{
    int *o;
    cudaMalloc(&o, 4);
    use<<<1, 1>>>(o);
    cudaDeviceSynchronize();
}

// fault: kind=bad_copy check=address line=8
// A copy within the device moves an array by one element.
int main()
{
    int *d;
    cudaMalloc(&d, 400);
    cudaMemset(d, 0, 400);
    cudaMemcpy(d + 1, d, 396, cudaMemcpyDeviceToDevice);
}

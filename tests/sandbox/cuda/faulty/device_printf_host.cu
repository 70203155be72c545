// fault: kind=device_access check=address line=9 kernel=print
// The device prints a string of the host.
#include <cstdio>
#include <cstdlib>
#include <cstring>

__global__ void print(const char *s)
{
    printf("%s\n", s);
}

int main()
{
    char *s = (char *)malloc(64);
    strcpy(s, "text");
    print<<<1, 1>>>(s);
    cudaDeviceSynchronize();
}

// fault: kind=host_access check=none line=11
// std::copy where cudaMemcpy was meant.
#include <algorithm>
#include <vector>

int main()
{
    std::vector<double> h(500, 1.0);
    double *d;
    cudaMalloc(&d, 4000);
    std::copy(h.begin(), h.end(), d);
}

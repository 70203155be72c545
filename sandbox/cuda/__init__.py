"""CUDA without a GPU: a translator of its sources to C++, the device library's headers, and a runtime that executes kernels."""

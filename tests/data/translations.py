"""Two functions, right translations of them and tests: what the verifier is tried on."""

SUM = "double total(int n, const double *x) {\n    double s = 0.0;\n    for (int i = 0; i < n; i++) s += x[i];\n    return s;\n}\n"
SCALE = "void scale(int n, double a, double *x) {\n    for (int i = 0; i < n; i++)\n        x[i] = a * x[i];\n}\n"
CUDA_SCALE = """__global__ void k(int n, double a, double *x) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) x[i] = a * x[i];
}
extern "C" void scale(int n, double a, double *x) {
  double *d;
  cudaMalloc(&d, n * sizeof(double));
  cudaMemcpy(d, x, n * sizeof(double), cudaMemcpyHostToDevice);
  k<<<(n + 255) / 256, 256>>>(n, a, d);
  cudaMemcpy(x, d, n * sizeof(double), cudaMemcpyDeviceToHost);
  cudaFree(d);
}
"""
CUDA_SUM = """__global__ void k(int n, const double *x, double *s) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) atomicAdd(s, x[i]);
}
extern "C" double total(int n, const double *x) {
  double *d, *s, result = 0.0;
  cudaMalloc(&d, n * sizeof(double));
  cudaMalloc(&s, sizeof(double));
  cudaMemcpy(d, x, n * sizeof(double), cudaMemcpyHostToDevice);
  cudaMemcpy(s, &result, sizeof(double), cudaMemcpyHostToDevice);
  k<<<(n + 63) / 64, 64>>>(n, d, s);
  cudaMemcpy(&result, s, sizeof(double), cudaMemcpyDeviceToHost);
  cudaFree(d);
  cudaFree(s);
  return result;
}
"""
SUM_TESTS = ("1 [1]", "33 [33]", "1000 [1000]")
SCALE_TESTS = ("1 2.0 [1]", "7 -1.25 [7]", "300 0.5 [300]")
GOOD_SUM = SUM.replace("    for", "#pragma omp parallel for reduction(+:s)\n    for")
GOOD_SCALE = SCALE.replace("    for", "#pragma omp parallel for\n    for")

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
FORTRAN_SCALE = """subroutine scale(n, a, x) bind(c, name="scale")
  use, intrinsic :: iso_c_binding
  implicit none
  integer(c_int), value :: n
  real(c_double), value :: a
  real(c_double), intent(inout) :: x(0:*)
  integer(c_int) :: i
  do i = 0, n - 1
    x(i) = a * x(i)
  end do
end subroutine scale
"""
FORTRAN_SUM = """function total(n, x) bind(c, name="total") result(s)
  use, intrinsic :: iso_c_binding
  implicit none
  integer(c_int), value :: n
  real(c_double), intent(in) :: x(0:*)
  real(c_double) :: s
  integer(c_int) :: i
  s = 0
  do i = 0, n - 1
    s = s + x(i)
  end do
end function total
"""


def threaded(fortran: str, clauses: str = "") -> str:
    """Fortran with its one loop shared by OpenMP."""
    return fortran.replace("  do i", f"  !$omp parallel do{clauses}\n  do i").replace("  end do", "  end do\n  !$omp end parallel do")


_SHARE = """    int rank, size;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    int chunk = (n + size - 1) / size;
    int first = rank * chunk < n ? rank * chunk : n;
    int last = first + chunk < n ? first + chunk : n;
"""
MPI_SCALE = f"""#include <mpi.h>
void scale(int n, double a, double *x) {{
{_SHARE}    for (int i = first; i < last; i++)
        x[i] = a * x[i];
    if (rank != 0) {{
        MPI_Send(x + first, last - first, MPI_DOUBLE, 0, 0, MPI_COMM_WORLD);
    }} else {{
        for (int r = 1; r < size; r++) {{
            int begin = r * chunk < n ? r * chunk : n;
            int end = begin + chunk < n ? begin + chunk : n;
            MPI_Recv(x + begin, end - begin, MPI_DOUBLE, r, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        }}
    }}
}}
"""
MPI_SUM = f"""#include <mpi.h>
double total(int n, const double *x) {{
{_SHARE}    double s = 0.0;
    for (int i = first; i < last; i++) s += x[i];
    MPI_Allreduce(MPI_IN_PLACE, &s, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    return s;
}}
"""

"""A translator's kernel under somebody else's launch."""

from hpcraft.eval.kernel_fit import fit_kernel

ANSWER = """__device__ float twice(float v) { return 2 * v; }
__global__ void g0(int n, float *x, float a) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) x[i] = a * twice(x[i]);
}
extern "C" void scale(int n, float *x, float a) {
    g0<<<(n + 127) / 128, 128>>>(n, x, a);
}
"""


def test_the_kernel_gets_the_name_and_the_host_function_goes():
    """Device functions stay."""
    found = fit_kernel(ANSWER, "__global__ void scaleKernel(int n, float *x, float a)")
    assert found.startswith("__device__ float twice")
    assert "__global__ void scaleKernel(int n, float *x, float a) {" in found
    assert "<<<" not in found
    assert "g0" not in found


def test_parameters_come_in_the_order_of_the_launch():
    """By name; one that the answer had no use for is there all the same."""
    found = fit_kernel(ANSWER, "__global__ void k(float a, const float *unused, float *x, int n)")
    assert "__global__ void k(float a, const float *unused, float *x, int n) {" in found


def test_other_names_are_left_alone():
    """Nobody can tell which is which."""
    found = fit_kernel(ANSWER, "__global__ void k(int length, float *data, float factor)")
    assert "__global__ void k(int n, float *x, float a) {" in found


def test_what_holds_no_kernel_is_left_as_it_is():
    """It fails for what it is."""
    assert fit_kernel("int x;\n", "__global__ void k(int n)") == "int x;\n"
    assert fit_kernel("", "__global__ void k(int n)") == ""


STRIDED = """__global__ void halve(float *x, float *y, int n) {
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += blockDim.x * gridDim.x)
        y[i] = x[i] / 2;
}
"""


def test_a_bound_that_the_launch_does_not_give_goes_with_its_loop():
    """A launch without the length has a thread for each element."""
    found = fit_kernel(STRIDED, "__global__ void halve_kernel(float *x, float *y)")
    body = "{ int i = blockIdx.x * blockDim.x + threadIdx.x; y[i] = x[i] / 2; }"
    assert " ".join(found.split()) == f"__global__ void halve_kernel(float *x, float *y) {{ {body} }}"


def test_a_lost_parameter_that_does_more_than_bound_a_loop_stays():
    """It can't be guessed."""
    asked = "__global__ void halve_kernel(float *x, float *y)"
    assert "int n)" in fit_kernel(STRIDED.replace("/ 2", "/ n"), asked)
    assert "int n)" in fit_kernel(STRIDED.replace("i < n", "i <= n"), asked)
    assert "int n)" in fit_kernel(STRIDED.replace("i += blockDim.x * gridDim.x", "i++"), asked)

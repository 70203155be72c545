subroutine fft(n, re, im) bind(c)
  use iso_c_binding
  use omp_lib
  implicit none
  integer(c_int), value :: n
  real(c_double), intent(inout) :: re(n), im(n)
  complex(c_double), allocatable :: source(:), target(:)
  complex(c_double) :: even, odd, w
  real(c_double), parameter :: pi = acos(-1.0_c_double)
  integer :: length, stride, half, i, p, q

  allocate(source(0:n - 1), target(0:n - 1))
  source = cmplx(re, im, c_double)
  length = n
  stride = 1
  do while (length > 1)
    half = length / 2
    !$omp parallel do private(p, q, even, odd, w)
    do i = 0, n / 2 - 1
      p = i / stride
      q = mod(i, stride)
      w = exp(cmplx(0.0_c_double, -2 * pi * p / length, c_double))
      even = source(q + stride * p)
      odd = source(q + stride * (p + half))
      target(q + stride * 2 * p) = even + odd
      target(q + stride * (2 * p + 1)) = (even - odd) * w
    end do
    !$omp end parallel do
    source = target
    length = half
    stride = 2 * stride
  end do
  re = real(source, c_double)
  im = aimag(source)
end subroutine fft

subroutine fft(n, re, im) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n
  real(c_double), intent(inout) :: re(n), im(n)
  real(c_double), parameter :: pi = acos(-1.0_c_double)
  complex(c_double), allocatable :: a(:), b(:)
  complex(c_double) :: even, odd
  integer :: length, stride, half, i, p, q

  allocate(a(0:n - 1), b(0:n - 1))
  a = cmplx(re, im, c_double)
  !$omp target data map(tofrom: a) map(alloc: b)
  length = n
  stride = 1
  do while (length > 1)
    half = length / 2
    !$omp target teams distribute parallel do private(p, q, even, odd)
    do i = 0, n / 2 - 1
      p = i / stride
      q = mod(i, stride)
      even = a(q + stride * p)
      odd = a(q + stride * (p + half))
      b(q + stride * 2 * p) = even + odd
      b(q + stride * (2 * p + 1)) = (even - odd) * exp(cmplx(0, -2 * pi * p / length, c_double))
    end do
    !$omp target teams distribute parallel do
    do i = 0, n - 1
      a(i) = b(i)
    end do
    length = half
    stride = stride * 2
  end do
  !$omp end target data
  re = real(a, c_double)
  im = aimag(a)
end subroutine fft

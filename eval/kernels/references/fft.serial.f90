subroutine fft(n, re, im) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n
  real(c_double), intent(inout) :: re(n), im(n)
  complex(c_double) :: z(0:n - 1)

  z = cmplx(re, im, c_double)
  call transform(z)
  re = real(z, c_double)
  im = aimag(z)
contains
  recursive subroutine transform(z)
    complex(c_double), intent(inout) :: z(0:)
    complex(c_double), allocatable :: even(:), odd(:)
    real(c_double), parameter :: pi = acos(-1.0_c_double)
    integer :: k, half

    half = size(z) / 2
    if (half == 0) return
    allocate(even(0:half - 1), odd(0:half - 1))
    even = z(0::2)
    odd = z(1::2)
    call transform(even)
    call transform(odd)
    do k = 0, half - 1
      odd(k) = odd(k) * exp(cmplx(0.0_c_double, -pi * k / half, c_double))
    end do
    z(:half - 1) = even + odd
    z(half:) = even - odd
  end subroutine transform
end subroutine fft

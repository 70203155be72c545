subroutine fft(n, re, im) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n
  real(c_double), intent(inout) :: re(n), im(n)
  real(c_double), parameter :: pi = 3.14159265358979323846_c_double
  integer :: bits, i, j, k, b, t, half, low, high
  real(c_double) :: c, s, x, y

  bits = 0
  do while (2**bits < n)
    bits = bits + 1
  end do
  !$acc data copy(re, im)
  !$acc parallel loop private(j, b, x, y)
  do i = 0, n - 1
    j = 0
    do b = 0, bits - 1
      if (btest(i, b)) j = ibset(j, bits - 1 - b)
    end do
    if (i < j) then
      x = re(i + 1)
      y = im(i + 1)
      re(i + 1) = re(j + 1)
      im(i + 1) = im(j + 1)
      re(j + 1) = x
      im(j + 1) = y
    end if
  end do
  half = 1
  do while (half < n)
    !$acc parallel loop private(k, low, high, c, s, x, y)
    do t = 0, n / 2 - 1
      k = mod(t, half)
      low = (t / half) * 2 * half + k + 1
      high = low + half
      c = cos(pi * k / half)
      s = -sin(pi * k / half)
      x = c * re(high) - s * im(high)
      y = c * im(high) + s * re(high)
      re(high) = re(low) - x
      im(high) = im(low) - y
      re(low) = re(low) + x
      im(low) = im(low) + y
    end do
    half = half * 2
  end do
  !$acc end data
end subroutine fft

function monte_carlo_pi(n, seed) bind(c) result(answer)
  use iso_c_binding
  implicit none
  integer(c_long), value :: n
  integer(c_int), value :: seed
  integer(c_long) :: answer
  integer(8), parameter :: mask = 4294967295_8, limit = 2_8**62
  integer(8) :: i, x, y, hits

  hits = 0
  !$omp parallel do private(x, y) reduction(+: hits)
  do i = 0, n - 1
    x = mix(iand(seed + 2 * i, mask)) / 2
    y = mix(iand(seed + 2 * i + 1, mask)) / 2
    if (x**2 + y**2 < limit) hits = hits + 1
  end do
  !$omp end parallel do
  answer = hits
contains
  elemental integer(8) function mix(h)
    integer(8), intent(in) :: h
    integer(8), parameter :: multiplier = 73244475_8
    mix = iand(ieor(h, shiftr(h, 16)) * multiplier, mask)
    mix = iand(ieor(mix, shiftr(mix, 16)) * multiplier, mask)
    mix = ieor(mix, shiftr(mix, 16))
  end function mix
end function monte_carlo_pi

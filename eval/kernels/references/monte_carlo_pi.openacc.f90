function monte_carlo_pi(n, seed) bind(c) result(answer)
  use iso_c_binding
  implicit none
  integer(c_long), value :: n
  integer(c_int), value :: seed
  integer(c_long) :: answer
  integer(8), parameter :: low32 = 4294967295_8, factor = 73244475_8
  integer(8) :: i, x, y, hits

  hits = 0
  !$acc parallel loop private(x, y) copy(hits) reduction(+: hits)
  do i = 0, n - 1
    x = iand(seed + 2 * i, low32)
    x = iand(ieor(x, ishft(x, -16)) * factor, low32)
    x = iand(ieor(x, ishft(x, -16)) * factor, low32)
    x = ishft(ieor(x, ishft(x, -16)), -1)
    y = iand(seed + 2 * i + 1, low32)
    y = iand(ieor(y, ishft(y, -16)) * factor, low32)
    y = iand(ieor(y, ishft(y, -16)) * factor, low32)
    y = ishft(ieor(y, ishft(y, -16)), -1)
    if (x * x + y * y < 2_8**62) hits = hits + 1
  end do
  answer = hits
end function monte_carlo_pi

function monte_carlo_pi(n, seed) bind(c) result(answer)
  use iso_c_binding
  implicit none
  integer(c_long), value :: n
  integer(c_int), value :: seed
  integer(c_long) :: answer
  integer(8), parameter :: low32 = int(z'ffffffff', 8)
  integer(8) :: i, x, y, counter

  answer = 0
  do i = 0, n - 1
    counter = int(seed, 8) + 2 * i
    x = ishft(hash(counter), -1)
    y = ishft(hash(counter + 1), -1)
    if (x * x + y * y < ishft(1_8, 62)) answer = answer + 1
  end do
contains
  ! Unsigned 32-bit arithmetic in the low half of 64-bit integers.
  pure integer(8) function hash(value)
    integer(8), intent(in) :: value
    integer :: round

    hash = iand(value, low32)
    do round = 1, 2
      hash = ieor(hash, ishft(hash, -16))
      hash = iand(hash * int(z'45d9f3b', 8), low32)
    end do
    hash = ieor(hash, ishft(hash, -16))
  end function hash
end function monte_carlo_pi

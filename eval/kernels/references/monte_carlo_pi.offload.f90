function monte_carlo_pi(n, seed) bind(c) result(answer)
  use iso_c_binding
  implicit none
  integer(c_long), value :: n
  integer(c_int), value :: seed
  integer(c_long) :: answer
  integer(c_int64_t), parameter :: mask = int(z'ffffffff', c_int64_t), multiplier = int(z'45d9f3b', c_int64_t)
  integer(c_int64_t) :: i, h, total, sum_of_squares
  integer :: axis, round

  total = 0
  !$omp target teams distribute parallel do private(h, sum_of_squares, axis, round) map(tofrom: total) reduction(+: total)
  do i = 0, n - 1
    sum_of_squares = 0
    do axis = 0, 1
      h = iand(seed + 2 * i + axis, mask)
      do round = 1, 2
        h = iand(ieor(h, ishft(h, -16)) * multiplier, mask)
      end do
      h = ishft(ieor(h, ishft(h, -16)), -1)
      sum_of_squares = sum_of_squares + h * h
    end do
    if (sum_of_squares < ishft(1_c_int64_t, 62)) total = total + 1
  end do
  answer = total
end function monte_carlo_pi

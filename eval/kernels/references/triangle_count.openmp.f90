function triangle_count(n, row_ptr, col) bind(c) result(answer)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n
  integer(c_int), intent(in) :: row_ptr(n + 1), col(*)
  integer(c_long) :: answer
  integer(c_long) :: ordered
  integer :: u, v, e

  ! All neighbours of each edge's ends in common: every triangle is found six times.
  ordered = 0
  !$omp parallel do schedule(dynamic, 8) private(v, e) reduction(+: ordered)
  do u = 1, n
    do e = row_ptr(u) + 1, row_ptr(u + 1)
      v = col(e) + 1
      ordered = ordered + num_common(row_ptr(u) + 1, row_ptr(u + 1), row_ptr(v) + 1, row_ptr(v + 1))
    end do
  end do
  !$omp end parallel do
  answer = ordered / 6
contains
  pure integer function num_common(first, last, other_first, other_last)
    integer(c_int), intent(in) :: first, last, other_first, other_last
    integer :: i, j

    num_common = 0
    i = first
    j = other_first
    do while (i <= last .and. j <= other_last)
      if (col(i) == col(j)) then
        num_common = num_common + 1
        i = i + 1
        j = j + 1
      else if (col(i) < col(j)) then
        i = i + 1
      else
        j = j + 1
      end if
    end do
  end function num_common
end function triangle_count

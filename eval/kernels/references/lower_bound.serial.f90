subroutine lower_bound(n, sorted, m, keys, position) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n, m
  integer(c_long), intent(in) :: sorted(n), keys(m)
  integer(c_int), intent(inout) :: position(m)
  integer :: j, low, high, middle

  do j = 1, m
    low = 0
    high = n
    do while (low < high)
      middle = low + (high - low) / 2
      if (sorted(middle + 1) < keys(j)) then
        low = middle + 1
      else
        high = middle
      end if
    end do
    position(j) = low
  end do
end subroutine lower_bound

subroutine lower_bound(n, sorted, m, keys, position) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n, m
  integer(c_long), intent(in) :: sorted(n), keys(m)
  integer(c_int), intent(inout) :: position(m)
  integer :: j, low, high, middle

  !$omp target teams distribute parallel do private(low, high, middle) map(to: sorted, keys) map(from: position)
  do j = 1, m
    low = 1
    high = n + 1
    do while (low < high)
      middle = (low + high) / 2
      if (sorted(middle) < keys(j)) then
        low = middle + 1
      else
        high = middle
      end if
    end do
    position(j) = low - 1
  end do
end subroutine lower_bound

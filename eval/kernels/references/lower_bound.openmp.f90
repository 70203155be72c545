subroutine lower_bound(n, sorted, m, keys, position) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n, m
  integer(c_long), intent(in) :: sorted(n), keys(m)
  integer(c_int), intent(inout) :: position(m)
  integer :: j

  !$omp parallel do
  do j = 1, m
    position(j) = num_less(keys(j))
  end do
  !$omp end parallel do
contains
  pure integer function num_less(key)
    integer(c_long), intent(in) :: key
    integer :: high, middle

    num_less = 0
    high = n
    do while (num_less < high)
      middle = (num_less + high) / 2
      if (sorted(middle + 1) < key) then
        num_less = middle + 1
      else
        high = middle
      end if
    end do
  end function num_less
end subroutine lower_bound

subroutine lower_bound(n, sorted, m, keys, position) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n, m
  integer(c_long), intent(in) :: sorted(n), keys(m)
  integer(c_int), intent(inout) :: position(m)
  integer :: j, base, length, half

  !$acc parallel loop gang vector private(base, length, half) copyin(sorted, keys) copyout(position)
  do j = 1, m
    base = 0
    length = n
    do while (length > 0)
      half = length / 2
      if (sorted(base + half + 1) < keys(j)) then
        base = base + half + 1
        length = length - half - 1
      else
        length = half
      end if
    end do
    position(j) = base
  end do
end subroutine lower_bound

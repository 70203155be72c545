integer(c_long) function exclusive_scan(n, counts, offsets) bind(c) result(total)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n
  integer(c_int), intent(in) :: counts(n)
  integer(c_long), intent(inout) :: offsets(n)
  integer :: i

  total = 0_c_long
  do i = 1, n
    offsets(i) = total
    total = total + counts(i)
  end do
end function exclusive_scan

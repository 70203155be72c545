function lcs_length(m, n, a, b) bind(c) result(answer)
  use iso_c_binding
  implicit none
  integer(c_int), value :: m, n
  character(c_char), intent(in) :: a(m), b(n)
  integer(c_int) :: answer
  integer, allocatable :: cells(:, :)
  integer :: d, i, now, before, earlier

  ! Antidiagonal d holds the cells (i, d - i). Three are kept, by row; row 0 stays zero.
  allocate(cells(0:m, 0:2))
  cells = 0
  !$acc data copyin(a, b) copy(cells)
  do d = 2, m + n
    now = mod(d, 3)
    before = mod(d - 1, 3)
    earlier = mod(d - 2, 3)
    !$acc parallel loop
    do i = max(1, d - n), min(m, d - 1)
      if (d - i == 1) then
        ! The cells beside and beside-above are in column 0, whose places have been used again.
        cells(i, now) = merge(1, cells(i - 1, before), a(i) == b(1))
      else if (a(i) == b(d - i)) then
        cells(i, now) = cells(i - 1, earlier) + 1
      else
        cells(i, now) = max(cells(i - 1, before), cells(i, before))
      end if
    end do
  end do
  !$acc end data
  answer = 0
  if (m > 0 .and. n > 0) answer = cells(m, mod(m + n, 3))
end function lcs_length

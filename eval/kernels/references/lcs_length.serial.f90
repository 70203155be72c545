function lcs_length(m, n, a, b) bind(c) result(answer)
  use iso_c_binding
  implicit none
  integer(c_int), value :: m, n
  character(c_char), intent(in) :: a(m), b(n)
  integer(c_int) :: answer
  integer :: table(0:n, 0:1), i, j, now, before

  table = 0
  now = 0
  do i = 1, m
    before = now
    now = 1 - before
    do j = 1, n
      if (a(i) == b(j)) then
        table(j, now) = table(j - 1, before) + 1
      else
        table(j, now) = max(table(j, before), table(j - 1, now))
      end if
    end do
  end do
  answer = table(n, now)
end function lcs_length

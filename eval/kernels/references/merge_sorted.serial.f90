subroutine merge_sorted(m, n, a, b, c, source) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: m, n
  real(c_double), intent(in) :: a(m), b(n)
  real(c_double), intent(inout) :: c(m + n)
  integer(c_int), intent(inout) :: source(m + n)
  integer :: i, j, k

  i = 1
  j = 1
  k = 1
  do while (i <= m .and. j <= n)
    if (b(j) < a(i)) then
      c(k) = b(j)
      source(k) = m + j - 1
      j = j + 1
    else
      c(k) = a(i)
      source(k) = i - 1
      i = i + 1
    end if
    k = k + 1
  end do
  do i = i, m
    c(k) = a(i)
    source(k) = i - 1
    k = k + 1
  end do
  do j = j, n
    c(k) = b(j)
    source(k) = m + j - 1
    k = k + 1
  end do
end subroutine merge_sorted

subroutine spmv(n, row_ptr, col, val, x, y) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n
  integer(c_int), intent(in) :: row_ptr(n + 1), col(*)
  real(c_double), intent(in) :: val(*), x(n)
  real(c_double), intent(inout) :: y(n)
  integer :: i, e
  real(c_double) :: total

  do i = 1, n
    total = 0.0_c_double
    do e = row_ptr(i) + 1, row_ptr(i + 1)
      total = total + val(e) * x(col(e) + 1)
    end do
    y(i) = total
  end do
end subroutine spmv

subroutine spmm(m, n, k, row_ptr, col, val, X, Y) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: m, n, k
  integer(c_int), intent(in) :: row_ptr(m + 1), col(*)
  real(c_float), intent(in) :: val(*), X(k, n)
  real(c_float), intent(inout) :: Y(k, m)
  integer :: i, e

  do i = 1, m
    Y(:, i) = 0
    do e = row_ptr(i) + 1, row_ptr(i + 1)
      Y(:, i) = Y(:, i) + val(e) * X(:, col(e) + 1)
    end do
  end do
end subroutine spmm

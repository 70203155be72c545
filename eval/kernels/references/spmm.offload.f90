subroutine spmm(m, n, k, row_ptr, col, val, X, Y) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: m, n, k
  integer(c_int), intent(in) :: row_ptr(m + 1), col(*)
  real(c_float), intent(in) :: val(*), X(k, n)
  real(c_float), intent(inout) :: Y(k, m)
  integer :: i, c, e, entries
  real(c_float) :: total

  entries = row_ptr(m + 1)
  !$omp target teams distribute parallel do collapse(2) private(e, total) &
  !$omp map(to: row_ptr, col(1:entries), val(1:entries), X) map(from: Y)
  do i = 1, m
    do c = 1, k
      total = 0
      do e = row_ptr(i) + 1, row_ptr(i + 1)
        total = total + val(e) * X(c, col(e) + 1)
      end do
      Y(c, i) = total
    end do
  end do
end subroutine spmm

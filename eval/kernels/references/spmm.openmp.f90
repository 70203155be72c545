subroutine spmm(m, n, k, row_ptr, col, val, X, Y) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: m, n, k
  integer(c_int), intent(in) :: row_ptr(m + 1), col(*)
  real(c_float), intent(in) :: val(*), X(k, n)
  real(c_float), intent(inout) :: Y(k, m)
  integer :: i, e, c
  real(c_float) :: total

  !$omp parallel do schedule(guided) private(e, c, total)
  do i = 1, m
    do c = 1, k
      total = 0
      do e = row_ptr(i), row_ptr(i + 1) - 1
        total = total + val(e + 1) * X(c, col(e + 1) + 1)
      end do
      Y(c, i) = total
    end do
  end do
  !$omp end parallel do
end subroutine spmm

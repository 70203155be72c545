subroutine csr_transpose(m, n, row_ptr, col, val, t_row_ptr, t_col, t_val) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: m, n
  integer(c_int), intent(in) :: row_ptr(m + 1), col(*)
  real(c_double), intent(in) :: val(*)
  integer(c_int), intent(inout) :: t_row_ptr(n + 1), t_col(*)
  real(c_double), intent(inout) :: t_val(*)
  integer :: next(n), i, j, e, at

  next = 0
  do e = 1, row_ptr(m + 1)
    j = col(e) + 1
    next(j) = next(j) + 1
  end do
  t_row_ptr(1) = 0
  do j = 1, n
    t_row_ptr(j + 1) = t_row_ptr(j) + next(j)
  end do
  next = t_row_ptr(:n) + 1
  do i = 1, m
    do e = row_ptr(i) + 1, row_ptr(i + 1)
      j = col(e) + 1
      at = next(j)
      next(j) = at + 1
      t_col(at) = i - 1
      t_val(at) = val(e)
    end do
  end do
end subroutine csr_transpose

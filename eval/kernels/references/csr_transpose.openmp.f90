subroutine csr_transpose(m, n, row_ptr, col, val, t_row_ptr, t_col, t_val) bind(c)
  use iso_c_binding
  use omp_lib
  implicit none
  integer(c_int), value :: m, n
  integer(c_int), intent(in) :: row_ptr(m + 1), col(*)
  real(c_double), intent(in) :: val(*)
  integer(c_int), intent(inout) :: t_row_ptr(n + 1), t_col(*)
  real(c_double), intent(inout) :: t_val(*)
  integer, allocatable :: next(:)
  integer :: i, j, e, lo, hi

  allocate(next(0:n))
  next = 0
  !$omp parallel do
  do e = 1, row_ptr(m + 1)
    !$omp atomic
    next(col(e)) = next(col(e)) + 1
  end do
  !$omp end parallel do
  t_row_ptr(1) = 0
  do j = 1, n
    t_row_ptr(j + 1) = t_row_ptr(j) + next(j - 1)
  end do
  next(0:n - 1) = t_row_ptr(1:n)
  ! Each thread goes through all entries and takes those of its own columns.
  !$omp parallel private(i, e, j, lo, hi)
  lo = int(int(n, 8) * omp_get_thread_num() / omp_get_num_threads())
  hi = int(int(n, 8) * (omp_get_thread_num() + 1) / omp_get_num_threads())
  do i = 1, m
    do e = row_ptr(i) + 1, row_ptr(i + 1)
      j = col(e)
      if (j < lo .or. j >= hi) cycle
      next(j) = next(j) + 1
      t_col(next(j)) = i - 1
      t_val(next(j)) = val(e)
    end do
  end do
  !$omp end parallel
end subroutine csr_transpose

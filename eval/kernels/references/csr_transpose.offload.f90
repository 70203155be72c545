subroutine csr_transpose(m, n, row_ptr, col, val, t_row_ptr, t_col, t_val) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: m, n
  integer(c_int), intent(in) :: row_ptr(m + 1), col(*)
  real(c_double), intent(in) :: val(*)
  integer(c_int), intent(inout) :: t_row_ptr(n + 1), t_col(*)
  real(c_double), intent(inout) :: t_val(*)
  integer, allocatable :: next(:), order(:), row_of(:)
  integer :: entries, i, j, e, k, at, place

  entries = row_ptr(m + 1)
  allocate(next(n), order(entries), row_of(entries))
  t_row_ptr = 0
  do e = 1, entries
    t_row_ptr(col(e) + 2) = t_row_ptr(col(e) + 2) + 1
  end do
  do j = 1, n
    t_row_ptr(j + 1) = t_row_ptr(j + 1) + t_row_ptr(j)
    next(j) = t_row_ptr(j)
  end do
  !$omp target data map(to: row_ptr, col(1:entries), val(1:entries), t_row_ptr, next) map(alloc: order, row_of) &
  !$omp map(from: t_col(1:entries), t_val(1:entries))
  !$omp target teams distribute parallel do private(e, place) map(to: col(1:entries))
  do i = 1, m
    do e = row_ptr(i) + 1, row_ptr(i + 1)
      !$omp atomic capture
      next(col(e) + 1) = next(col(e) + 1) + 1
      place = next(col(e) + 1)
      !$omp end atomic
      order(place) = e
      row_of(e) = i - 1
    end do
  end do
  ! Places were taken in any order, so each row is sorted by the number of the entry.
  !$omp target teams distribute parallel do private(k, at, e) map(to: val(1:entries)) map(from: t_col(1:entries), t_val(1:entries))
  do j = 1, n
    do k = t_row_ptr(j) + 2, t_row_ptr(j + 1)
      e = order(k)
      at = k
      do while (at > t_row_ptr(j) + 1)
        if (order(at - 1) < e) exit
        order(at) = order(at - 1)
        at = at - 1
      end do
      order(at) = e
    end do
    do k = t_row_ptr(j) + 1, t_row_ptr(j + 1)
      t_col(k) = row_of(order(k))
      t_val(k) = val(order(k))
    end do
  end do
  !$omp end target data
end subroutine csr_transpose

subroutine csr_transpose(m, n, row_ptr, col, val, t_row_ptr, t_col, t_val) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: m, n
  integer(c_int), intent(in) :: row_ptr(m + 1), col(*)
  real(c_double), intent(in) :: val(*)
  integer(c_int), intent(inout) :: t_row_ptr(n + 1), t_col(*)
  real(c_double), intent(inout) :: t_val(*)
  integer, parameter :: blocks = 16
  integer, allocatable :: count(:, :)
  integer :: entries, i, j, e, k, total, here

  ! Blocks of rows count their columns; a block's first place in a row of the transpose lies behind those of the blocks before it.
  entries = row_ptr(m + 1)
  allocate(count(0:n, blocks))
  count = 0
  !$acc data copyin(row_ptr, col(1:entries), val(1:entries)) copy(count) copyout(t_col(1:entries), t_val(1:entries))
  !$acc parallel loop gang private(e) present(col(1:entries))
  do k = 1, blocks
    !$acc loop seq
    do e = row_ptr(m * (k - 1) / blocks + 1) + 1, row_ptr(m * k / blocks + 1)
      count(col(e), k) = count(col(e), k) + 1
    end do
  end do
  !$acc update self(count)
  total = 0
  do j = 0, n - 1
    t_row_ptr(j + 1) = total
    do k = 1, blocks
      here = count(j, k)
      count(j, k) = total
      total = total + here
    end do
  end do
  t_row_ptr(n + 1) = total
  !$acc update device(count)
  !$acc parallel loop gang private(i, e, here) present(col(1:entries), val(1:entries), t_col(1:entries), t_val(1:entries))
  do k = 1, blocks
    !$acc loop seq
    do i = m * (k - 1) / blocks + 1, m * k / blocks
      !$acc loop seq
      do e = row_ptr(i) + 1, row_ptr(i + 1)
        here = count(col(e), k) + 1
        count(col(e), k) = here
        t_col(here) = i - 1
        t_val(here) = val(e)
      end do
    end do
  end do
  !$acc end data
end subroutine csr_transpose

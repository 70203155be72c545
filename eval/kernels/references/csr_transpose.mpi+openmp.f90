subroutine csr_transpose(m, n, row_ptr, col, val, t_row_ptr, t_col, t_val) bind(c)
  use iso_c_binding
  use mpi
  use omp_lib
  implicit none
  integer(c_int), value :: m, n
  integer(c_int), intent(in) :: row_ptr(m + 1), col(*)
  real(c_double), intent(in) :: val(*)
  integer(c_int), intent(inout) :: t_row_ptr(n + 1), t_col(*)
  real(c_double), intent(inout) :: t_val(*)
  integer, allocatable :: next(:), first(:)
  integer :: rank, ranks, ierr, i, j, e, r, lo, hi, part, parts

  call MPI_Comm_rank(MPI_COMM_WORLD, rank, ierr)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, ierr)
  allocate(next(0:n), first(0:ranks))
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
  next(:n - 1) = t_row_ptr(:n)
  ! A rank's columns are divided again between its threads.
  first = [(int(int(n, 8) * r / ranks), r = 0, ranks)]
  !$omp parallel private(part, parts, lo, hi, i, e, j)
  part = omp_get_thread_num()
  parts = omp_get_num_threads()
  lo = first(rank) + (first(rank + 1) - first(rank)) * part / parts
  hi = first(rank) + (first(rank + 1) - first(rank)) * (part + 1) / parts
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
  first = t_row_ptr(first + 1)
  call MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, t_col, first(1:) - first(:ranks - 1), first(:ranks - 1), MPI_INTEGER, &
    MPI_COMM_WORLD, ierr)
  call MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, t_val, first(1:) - first(:ranks - 1), first(:ranks - 1), &
    MPI_DOUBLE_PRECISION, MPI_COMM_WORLD, ierr)
end subroutine csr_transpose

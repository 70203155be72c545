subroutine merge_sorted(m, n, a, b, c, source) bind(c)
  use iso_c_binding
  use mpi
  implicit none
  integer(c_int), value :: m, n
  real(c_double), intent(in) :: a(m), b(n)
  real(c_double), intent(inout) :: c(m + n)
  integer(c_int), intent(inout) :: source(m + n)
  integer :: i, j, k, r, rank, ranks, error, lo, hi
  integer, allocatable :: counts(:), first(:)

  call MPI_Comm_rank(MPI_COMM_WORLD, rank, error)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, error)
  allocate(counts(0:ranks - 1), first(0:ranks))
  do r = 0, ranks
    first(r) = int((int(m, 8) + n) * r / ranks)
  end do
  counts = first(1:) - first(:ranks - 1)

  ! i elements of a and j of b come before this rank's part of the output.
  lo = max(0, first(rank) - n)
  hi = min(first(rank), m)
  do while (lo < hi)
    i = (lo + hi) / 2
    if (a(i + 1) <= b(first(rank) - i)) then
      lo = i + 1
    else
      hi = i
    end if
  end do
  i = lo
  j = first(rank) - i
  do k = first(rank) + 1, first(rank + 1)
    if (takes_a(i, j)) then
      i = i + 1
      c(k) = a(i)
      source(k) = i - 1
    else
      j = j + 1
      c(k) = b(j)
      source(k) = m + j - 1
    end if
  end do
  call MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, c, counts, first, MPI_DOUBLE_PRECISION, MPI_COMM_WORLD, error)
  call MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, source, counts, first, MPI_INTEGER, MPI_COMM_WORLD, error)
contains
  logical function takes_a(i, j)
    integer, intent(in) :: i, j
    if (i == m) then
      takes_a = .false.
    else if (j == n) then
      takes_a = .true.
    else
      takes_a = a(i + 1) <= b(j + 1)
    end if
  end function takes_a
end subroutine merge_sorted

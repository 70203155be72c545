subroutine jacobi(n, iterations, b, u) bind(c)
  use iso_c_binding
  use mpi
  implicit none
  integer(c_int), value :: n, iterations
  real(c_double), intent(in) :: b(n, n)
  real(c_double), intent(inout) :: u(n, n)
  integer :: i, j, sweep, rank, ranks, used, error, lo, hi, s, up, down
  integer, allocatable :: counts(:), first(:)
  real(c_double), allocatable :: next(:, :)

  if (n <= 2) return
  call MPI_Comm_rank(MPI_COMM_WORLD, rank, error)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, error)
  allocate(counts(0:ranks - 1), first(0:ranks - 1), next(n, n))
  ! Every rank but those beyond the number of interior columns owns at least one of them.
  used = min(ranks, n - 2)
  do s = 0, ranks - 1
    first(s) = n * (1 + share(n - 2, min(s, used), used))
    counts(s) = n * (share(n - 2, min(s + 1, used), used) - share(n - 2, min(s, used), used))
  end do
  lo = first(rank) / n + 1
  hi = lo + counts(rank) / n - 1
  up = MPI_PROC_NULL
  down = MPI_PROC_NULL
  if (rank > 0 .and. rank < used) up = rank - 1
  if (rank < used - 1) down = rank + 1
  do sweep = 1, iterations
    do j = lo, hi
      do i = 2, n - 1
        next(i, j) = (u(i - 1, j) + u(i + 1, j) + u(i, j - 1) + u(i, j + 1) + b(i, j)) / 4.0_c_double
      end do
    end do
    do j = lo, hi
      u(2:n - 1, j) = next(2:n - 1, j)
    end do
    if (rank < used) then
      call MPI_Sendrecv(u(1, lo), n, MPI_DOUBLE_PRECISION, up, 0, u(1, hi + 1), n, MPI_DOUBLE_PRECISION, down, 0, &
                        MPI_COMM_WORLD, MPI_STATUS_IGNORE, error)
      call MPI_Sendrecv(u(1, hi), n, MPI_DOUBLE_PRECISION, down, 1, u(1, lo - 1), n, MPI_DOUBLE_PRECISION, up, 1, &
                        MPI_COMM_WORLD, MPI_STATUS_IGNORE, error)
    end if
  end do
  call MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, u, counts, first, MPI_DOUBLE_PRECISION, MPI_COMM_WORLD, error)
contains
  pure integer function share(rows, part, parts)
    integer, intent(in) :: rows, part, parts
    share = int(int(rows, 8) * part / parts)
  end function share
end subroutine jacobi

subroutine tridiagonal(systems, n, lower, diagonal, upper, rhs, x) bind(c)
  use iso_c_binding
  use mpi
  use omp_lib
  implicit none
  integer(c_int), value :: systems, n
  real(c_double), intent(in) :: lower(n, systems), diagonal(n, systems), upper(n, systems), rhs(n, systems)
  real(c_double), intent(inout) :: x(n, systems)
  integer :: rank, ranks, ierr, s, r
  integer, allocatable :: counts(:), displs(:)

  call MPI_Comm_rank(MPI_COMM_WORLD, rank, ierr)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, ierr)
  allocate(counts(0:ranks - 1), displs(0:ranks - 1))
  do r = 0, ranks - 1
    counts(r) = systems / ranks
    if (r < mod(systems, ranks)) counts(r) = counts(r) + 1
    displs(r) = sum(counts(:r - 1))
  end do
  !$omp parallel do
  do s = displs(rank) + 1, displs(rank) + counts(rank)
    call solve(lower(:, s), diagonal(:, s), upper(:, s), rhs(:, s), x(:, s))
  end do
  !$omp end parallel do
  call MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, x, n * counts, n * displs, MPI_DOUBLE_PRECISION, MPI_COMM_WORLD, ierr)
contains
  subroutine solve(a, b, c, d, u)
    real(c_double), intent(in) :: a(n), b(n), c(n), d(n)
    real(c_double), intent(out) :: u(n)
    real(c_double) :: pivot(n), w
    integer :: i

    pivot(1) = b(1)
    u(1) = d(1)
    do i = 2, n
      w = a(i) / pivot(i - 1)
      pivot(i) = b(i) - w * c(i - 1)
      u(i) = d(i) - w * u(i - 1)
    end do
    u(n) = u(n) / pivot(n)
    do i = n - 1, 1, -1
      u(i) = (u(i) - c(i) * u(i + 1)) / pivot(i)
    end do
  end subroutine solve
end subroutine tridiagonal

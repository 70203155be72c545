subroutine cg(n, row_ptr, col, val, b, x, max_iterations, tolerance) bind(c)
  use iso_c_binding
  use mpi
  implicit none
  integer(c_int), value :: n, max_iterations
  integer(c_int), intent(in) :: row_ptr(n + 1), col(*)
  real(c_double), intent(in) :: val(*), b(n)
  real(c_double), intent(inout) :: x(n)
  real(c_double), value :: tolerance
  integer :: i, rank, ranks, error, lo, hi, s
  integer, allocatable :: counts(:), first(:)
  integer :: e, step
  real(c_double) :: rho, pq, next_rho, alpha, beta, limit, total, part, sums(2)
  real(c_double), allocatable :: r(:), p(:), q(:)

  call MPI_Comm_rank(MPI_COMM_WORLD, rank, error)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, error)
  allocate(counts(0:ranks - 1), first(0:ranks - 1))
  do s = 0, ranks - 1
    first(s) = share(n, s, ranks)
    counts(s) = (share(n, s + 1, ranks) - share(n, s, ranks))
  end do
  lo = share(n, rank, ranks) + 1
  hi = share(n, rank + 1, ranks)
  allocate(r(n), p(n), q(n))
  sums = 0.0_c_double
  do i = lo, hi
    total = b(i)
    do e = row_ptr(i) + 1, row_ptr(i + 1)
      total = total - val(e) * x(col(e) + 1)
    end do
    r(i) = total
    p(i) = total
    sums(1) = sums(1) + total * total
    sums(2) = sums(2) + b(i) * b(i)
  end do
  call MPI_Allreduce(MPI_IN_PLACE, sums, 2, MPI_DOUBLE_PRECISION, MPI_SUM, MPI_COMM_WORLD, error)
  rho = sums(1)
  limit = tolerance * sqrt(sums(2))
  do step = 1, max_iterations
    if (sqrt(rho) <= limit) exit
    call MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, p, counts, first, MPI_DOUBLE_PRECISION, MPI_COMM_WORLD, error)
    part = 0.0_c_double
    do i = lo, hi
      total = 0.0_c_double
      do e = row_ptr(i) + 1, row_ptr(i + 1)
        total = total + val(e) * p(col(e) + 1)
      end do
      q(i) = total
      part = part + p(i) * total
    end do
    call MPI_Allreduce(part, pq, 1, MPI_DOUBLE_PRECISION, MPI_SUM, MPI_COMM_WORLD, error)
    alpha = rho / pq
    part = 0.0_c_double
    do i = lo, hi
      x(i) = x(i) + alpha * p(i)
      r(i) = r(i) - alpha * q(i)
      part = part + r(i) * r(i)
    end do
    call MPI_Allreduce(part, next_rho, 1, MPI_DOUBLE_PRECISION, MPI_SUM, MPI_COMM_WORLD, error)
    beta = next_rho / rho
    rho = next_rho
    do i = lo, hi
      p(i) = r(i) + beta * p(i)
    end do
  end do
  call MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, x, counts, first, MPI_DOUBLE_PRECISION, MPI_COMM_WORLD, error)
contains
  pure integer function share(rows, part, parts)
    integer, intent(in) :: rows, part, parts
    share = int(int(rows, 8) * part / parts)
  end function share
end subroutine cg

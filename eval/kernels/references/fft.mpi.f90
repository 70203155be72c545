subroutine fft(n, re, im) bind(c)
  use iso_c_binding
  use mpi
  implicit none
  integer(c_int), value :: n
  real(c_double), intent(inout) :: re(n), im(n)
  complex(c_double) :: w
  complex(c_double), allocatable :: mine(:), next(:)
  integer, allocatable :: counts(:), displs(:)
  integer :: rank, ranks, ierr, length, stride, half, p, lo, hi, r
  real(c_double), parameter :: pi = acos(-1.0_c_double)

  call MPI_Comm_rank(MPI_COMM_WORLD, rank, ierr)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, ierr)
  allocate(mine(0:n - 1), next(0:n - 1), counts(0:ranks - 1), displs(0:ranks - 1))
  mine = cmplx(re, im, c_double)
  ! Stockham stages: every rank computes some of the groups p, whose results are contiguous.
  length = n
  stride = 1
  do while (length > 1)
    half = length / 2
    do r = 0, ranks - 1
      displs(r) = half * r / ranks
      counts(r) = half * (r + 1) / ranks - displs(r)
    end do
    lo = displs(rank)
    hi = lo + counts(rank) - 1
    do p = lo, hi
      w = exp(cmplx(0.0_c_double, -2 * pi * p / length, c_double))
      associate (even => mine(stride * p:stride * (p + 1) - 1), odd => mine(stride * (p + half):stride * (p + half + 1) - 1))
        next(2 * stride * p:2 * stride * p + stride - 1) = even + odd
        next(2 * stride * p + stride:2 * stride * (p + 1) - 1) = (even - odd) * w
      end associate
    end do
    call MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, next, 2 * stride * counts, 2 * stride * displs, &
      MPI_DOUBLE_COMPLEX, MPI_COMM_WORLD, ierr)
    mine = next
    length = half
    stride = 2 * stride
  end do
  re = real(mine, c_double)
  im = aimag(mine)
end subroutine fft

subroutine fft(n, re, im) bind(c)
  use iso_c_binding
  use mpi
  use omp_lib
  implicit none
  integer(c_int), value :: n
  real(c_double), intent(inout) :: re(n), im(n)
  real(c_double), parameter :: pi = acos(-1.0_c_double)
  complex(c_double), allocatable :: z(:), next(:)
  complex(c_double) :: w
  integer, allocatable :: first(:)
  integer :: rank, ranks, ierr, length, stride, half, p, r

  call MPI_Comm_rank(MPI_COMM_WORLD, rank, ierr)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, ierr)
  allocate(z(0:n - 1), next(0:n - 1), first(0:ranks))
  z = cmplx(re, im, c_double)
  length = n
  stride = 1
  do while (length > 1)
    half = length / 2
    first = [(int(int(half, 8) * r / ranks), r = 0, ranks)]
    !$omp parallel do private(w)
    do p = first(rank), first(rank + 1) - 1
      w = exp(cmplx(0, -2 * pi * p / length, c_double))
      associate (even => z(p * stride:(p + 1) * stride - 1), odd => z((p + half) * stride:(p + half + 1) * stride - 1))
        next(2 * p * stride:(2 * p + 1) * stride - 1) = even + odd
        next((2 * p + 1) * stride:(2 * p + 2) * stride - 1) = w * (even - odd)
      end associate
    end do
    !$omp end parallel do
    call MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, next, 2 * stride * (first(1:) - first(:ranks - 1)), &
      2 * stride * first(:ranks - 1), MPI_DOUBLE_COMPLEX, MPI_COMM_WORLD, ierr)
    z = next
    length = half
    stride = 2 * stride
  end do
  re = real(z, c_double)
  im = aimag(z)
end subroutine fft

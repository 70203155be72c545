subroutine gemm(m, n, k, A, B, C) bind(c)
  use iso_c_binding
  use mpi
  implicit none
  integer(c_int), value :: m, n, k
  real(c_double), intent(in) :: A(k, m), B(n, k)
  real(c_double), intent(inout) :: C(n, m)
  integer :: i, l, r, rank, ranks, error
  integer, allocatable :: counts(:), displs(:)

  call MPI_Comm_rank(MPI_COMM_WORLD, rank, error)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, error)
  displs = [(n * int(int(m, 8) * r / ranks), r = 0, ranks)]
  counts = displs(2:) - displs(:ranks)
  !$omp parallel do private(l)
  do i = int(int(m, 8) * rank / ranks) + 1, int(int(m, 8) * (rank + 1) / ranks)
    C(:, i) = 0.0_c_double
    do l = 1, k
      C(:, i) = C(:, i) + A(l, i) * B(:, l)
    end do
  end do
  !$omp end parallel do
  call MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, C, counts, displs, MPI_DOUBLE_PRECISION, MPI_COMM_WORLD, error)
end subroutine gemm

subroutine blur(height, width, image, radius, mask, out) bind(c)
  use iso_c_binding
  use mpi
  implicit none
  integer(c_int), value :: height, width, radius
  real(c_float), intent(in) :: image(width, height), mask(2 * radius + 1, 2 * radius + 1)
  real(c_float), intent(inout) :: out(width, height)
  integer :: i, j, top, bottom, left, right, rank, ranks, error

  call MPI_Comm_rank(MPI_COMM_WORLD, rank, error)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, error)
  ! Rows of other ranks are zero here, and the sum over the ranks is the picture.
  out = 0.0_c_float
  do i = 1 + rank, height, ranks
    top = max(1, i - radius)
    bottom = min(height, i + radius)
    do j = 1, width
      left = max(1, j - radius)
      right = min(width, j + radius)
      out(j, i) = sum(image(left:right, top:bottom) * &
          mask(left - j + radius + 1:right - j + radius + 1, top - i + radius + 1:bottom - i + radius + 1))
    end do
  end do
  call MPI_Allreduce(MPI_IN_PLACE, out, height * width, MPI_REAL, MPI_SUM, MPI_COMM_WORLD, error)
end subroutine blur

function lcs_length(m, n, a, b) bind(c) result(answer)
  use iso_c_binding
  use omp_lib
  implicit none
  integer(c_int), value :: m, n
  character(c_char), intent(in) :: a(m), b(n)
  integer(c_int) :: answer
  integer, parameter :: tile = 48
  integer, allocatable :: north(:), west(:), corner(:)
  integer :: d, r, rows, columns

  ! Tiles on one antidiagonal are independent. north and west hold the last cells made in each column and row,
  ! corner the cell before a tile on each diagonal of tiles.
  rows = (m + tile - 1) / tile
  columns = (n + tile - 1) / tile
  allocate(north(n), west(m), corner(-columns:rows))
  north = 0
  west = 0
  corner = 0
  do d = 0, rows + columns - 2
    !$omp parallel do schedule(dynamic, 1)
    do r = max(0, d - columns + 1), min(d, rows - 1)
      call fill(r, d - r)
    end do
    !$omp end parallel do
  end do
  answer = 0
  if (m > 0 .and. n > 0) answer = north(n)
contains
  subroutine fill(r, c)
    integer, intent(in) :: r, c
    integer :: i, j, diagonal, above, left, next

    next = corner(r - c)
    do i = r * tile + 1, min(m, (r + 1) * tile)
      diagonal = next
      left = west(i)
      next = left
      do j = c * tile + 1, min(n, (c + 1) * tile)
        above = north(j)
        if (a(i) == b(j)) then
          left = diagonal + 1
        else
          left = max(left, above)
        end if
        north(j) = left
        diagonal = above
      end do
      west(i) = left
    end do
    corner(r - c) = west(min(m, (r + 1) * tile))
  end subroutine fill
end function lcs_length

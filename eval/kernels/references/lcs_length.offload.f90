function lcs_length(m, n, a, b) bind(c) result(answer)
  use iso_c_binding
  implicit none
  integer(c_int), value :: m, n
  character(c_char), intent(in) :: a(m), b(n)
  integer(c_int) :: answer
  integer, parameter :: tile = 64
  integer, allocatable :: north(:), west(:), corner(:)
  integer :: d, r, c, i, j, rows, columns, diagonal, above, left, next

  ! Tiles on one antidiagonal are independent; north, west and corner hold what lies between tiles.
  answer = 0
  if (m == 0 .or. n == 0) return
  rows = (m + tile - 1) / tile
  columns = (n + tile - 1) / tile
  allocate(north(n), west(m), corner(-columns:rows))
  north = 0
  west = 0
  corner = 0
  !$omp target data map(to: a, b, west, corner) map(tofrom: north)
  do d = 0, rows + columns - 2
    !$omp target teams distribute parallel do private(c, i, j, diagonal, above, left, next)
    do r = max(0, d - columns + 1), min(d, rows - 1)
      c = d - r
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
    end do
  end do
  !$omp end target data
  answer = north(n)
end function lcs_length

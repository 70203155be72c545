subroutine bfs_levels(n, row_ptr, col, source, level) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n
  integer(c_int), intent(in) :: row_ptr(n + 1), col(*)
  integer(c_int), value :: source
  integer(c_int), intent(inout) :: level(n)
  integer, allocatable :: mark(:)
  integer :: edges, depth, fresh, v, e

  edges = row_ptr(n + 1)
  allocate(mark(n))
  level = -1
  level(source + 1) = 0
  mark = 0
  fresh = 1
  depth = 0
  !$omp target data map(to: row_ptr, col(1:edges), mark) map(tofrom: level)
  do while (fresh > 0)
    !$omp target teams distribute parallel do private(e) map(to: col(1:edges))
    do v = 1, n
      if (level(v) == depth) then
        do e = row_ptr(v) + 1, row_ptr(v + 1)
          !$omp atomic write
          mark(col(e) + 1) = 1
        end do
      end if
    end do
    depth = depth + 1
    fresh = 0
    !$omp target teams distribute parallel do map(tofrom: fresh) reduction(+: fresh)
    do v = 1, n
      if (mark(v) == 1 .and. level(v) < 0) then
        level(v) = depth
        fresh = fresh + 1
      end if
    end do
  end do
  !$omp end target data
end subroutine bfs_levels

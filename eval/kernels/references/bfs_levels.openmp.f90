subroutine bfs_levels(n, row_ptr, col, source, level) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n
  integer(c_int), intent(in) :: row_ptr(n + 1), col(*)
  integer(c_int), value :: source
  integer(c_int), intent(inout) :: level(n)
  integer, allocatable :: reached(:)
  integer :: v, e, depth
  logical :: more

  allocate(reached(n))
  level = -1
  level(source + 1) = 0
  depth = 0
  more = .true.
  do while (more)
    reached = 0
    !$omp parallel do private(e) schedule(dynamic, 32)
    do v = 1, n
      if (level(v) == depth) then
        do e = row_ptr(v) + 1, row_ptr(v + 1)
          !$omp atomic write
          reached(col(e) + 1) = 1
        end do
      end if
    end do
    !$omp end parallel do
    depth = depth + 1
    more = .false.
    !$omp parallel do reduction(.or.: more)
    do v = 1, n
      if (reached(v) == 1 .and. level(v) == -1) then
        level(v) = depth
        more = .true.
      end if
    end do
    !$omp end parallel do
  end do
end subroutine bfs_levels

subroutine bfs_levels(n, row_ptr, col, source, level) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n
  integer(c_int), intent(in) :: row_ptr(n + 1), col(*)
  integer(c_int), value :: source
  integer(c_int), intent(inout) :: level(n)
  integer :: queue(n), head, tail, v, w, e

  level = -1
  level(source + 1) = 0
  queue(1) = source + 1
  head = 1
  tail = 1
  do while (head <= tail)
    v = queue(head)
    head = head + 1
    do e = row_ptr(v) + 1, row_ptr(v + 1)
      w = col(e) + 1
      if (level(w) >= 0) cycle
      level(w) = level(v) + 1
      tail = tail + 1
      queue(tail) = w
    end do
  end do
end subroutine bfs_levels

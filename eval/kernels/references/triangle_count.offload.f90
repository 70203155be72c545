function triangle_count(n, row_ptr, col) bind(c) result(answer)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n
  integer(c_int), intent(in) :: row_ptr(n + 1), col(*)
  integer(c_long) :: answer
  integer(c_long) :: total
  integer :: edges, u, v, e, p, q

  edges = row_ptr(n + 1)
  total = 0
  !$omp target teams distribute parallel do private(v, e, p, q) reduction(+: total) &
  !$omp map(to: row_ptr, col(1:edges)) map(tofrom: total)
  do u = 1, n
    do e = row_ptr(u) + 1, row_ptr(u + 1)
      v = col(e) + 1
      if (v < u) cycle
      p = e + 1
      q = row_ptr(v) + 1
      do while (p <= row_ptr(u + 1) .and. q <= row_ptr(v + 1))
        if (col(p) < col(q)) then
          p = p + 1
        else if (col(p) > col(q)) then
          q = q + 1
        else
          total = total + 1
          p = p + 1
          q = q + 1
        end if
      end do
    end do
  end do
  answer = total
end function triangle_count

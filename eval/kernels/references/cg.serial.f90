subroutine cg(n, row_ptr, col, val, b, x, max_iterations, tolerance) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n, max_iterations
  integer(c_int), intent(in) :: row_ptr(n + 1), col(*)
  real(c_double), intent(in) :: val(*), b(n)
  real(c_double), intent(inout) :: x(n)
  real(c_double), value :: tolerance
  integer :: i, e, step
  real(c_double) :: rho, bb, pq, next_rho, alpha, beta, limit, total
  real(c_double), allocatable :: r(:), p(:), q(:)

  allocate(r(n), p(n), q(n))
  rho = 0.0_c_double
  bb = 0.0_c_double
  do i = 1, n
    total = b(i)
    do e = row_ptr(i) + 1, row_ptr(i + 1)
      total = total - val(e) * x(col(e) + 1)
    end do
    r(i) = total
    p(i) = total
    rho = rho + total * total
    bb = bb + b(i) * b(i)
  end do
  limit = tolerance * sqrt(bb)
  do step = 1, max_iterations
    if (sqrt(rho) <= limit) exit
    pq = 0.0_c_double
    do i = 1, n
      total = 0.0_c_double
      do e = row_ptr(i) + 1, row_ptr(i + 1)
        total = total + val(e) * p(col(e) + 1)
      end do
      q(i) = total
      pq = pq + p(i) * total
    end do
    alpha = rho / pq
    next_rho = 0.0_c_double
    do i = 1, n
      x(i) = x(i) + alpha * p(i)
      r(i) = r(i) - alpha * q(i)
      next_rho = next_rho + r(i) * r(i)
    end do
    beta = next_rho / rho
    rho = next_rho
    do i = 1, n
      p(i) = r(i) + beta * p(i)
    end do
  end do
end subroutine cg

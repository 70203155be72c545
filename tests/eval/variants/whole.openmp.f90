//// axpy workshare
subroutine axpy(n, a, x, y) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n
  real(c_double), value :: a
  real(c_double), intent(in) :: x(n)
  real(c_double), intent(inout) :: y(n)
  !$omp parallel workshare
  y = y + a * x
  !$omp end parallel workshare
end subroutine axpy
//// axpy array-slices
subroutine axpy(n, a, x, y) bind(c, name="axpy")
  use, intrinsic :: iso_c_binding, only: c_int, c_double
  use omp_lib
  implicit none
  integer(c_int), intent(in), value :: n
  real(c_double), intent(in), value :: a
  real(c_double), dimension(n), intent(in) :: x
  real(c_double), dimension(n), intent(inout) :: y
  integer :: part, parts, lo, hi
  parts = omp_get_max_threads()
  !$omp parallel do private(lo, hi)
  do part = 0, parts - 1
    lo = int(int(n, 8) * part / parts) + 1
    hi = int(int(n, 8) * (part + 1) / parts)
    y(lo:hi) = y(lo:hi) + a * x(lo:hi)
  end do
end subroutine
//// gemv module
module gemv_parts
  use iso_c_binding
  implicit none
contains
  pure function row_times(n, row, x) result(total)
    integer(c_int), intent(in) :: n
    real(c_double), intent(in) :: row(n), x(n)
    real(c_double) :: total
    integer :: j
    total = 0.0_c_double
    do j = 1, n
      total = total + row(j) * x(j)
    end do
  end function row_times
end module gemv_parts
subroutine gemv(m, n, A, x, y) bind(c)
  use gemv_parts
  implicit none
  integer(c_int), value :: m, n
  real(c_double), intent(in) :: A(n, m), x(n)
  real(c_double), intent(inout) :: y(m)
  integer :: i
  !$omp parallel do schedule(static)
  do i = 1, m
    y(i) = row_times(n, A(:, i), x)
  end do
  !$omp end parallel do
end subroutine gemv
//// gemm matmul-blocks
subroutine gemm(m, n, k, A, B, C) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: m, n, k
  real(c_double), intent(in) :: A(k, m), B(n, k)
  real(c_double), intent(inout) :: C(n, m)
  integer :: first, last
  !$omp parallel do private(last)
  do first = 1, m, 8
    last = min(first + 7, m)
    C(:, first:last) = matmul(B, A(:, first:last))
  end do
  !$omp end parallel do
end subroutine gemm
//// jacobi one-region
subroutine jacobi(n, iterations, b, u) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n, iterations
  real(c_double), intent(in) :: b(n, n)
  real(c_double), intent(inout) :: u(n, n)
  real(c_double), allocatable :: next(:, :)
  integer :: i, j, sweep
  allocate(next, source=u)
  !$omp parallel private(i, j, sweep)
  do sweep = 1, iterations
    !$omp do collapse(2)
    do j = 2, n - 1
      do i = 2, n - 1
        next(i, j) = 0.25_c_double * (u(i - 1, j) + u(i + 1, j) + u(i, j - 1) + u(i, j + 1) + b(i, j))
      end do
    end do
    !$omp end do
    !$omp workshare
    u = next
    !$omp end workshare
  end do
  !$omp end parallel
  deallocate(next)
end subroutine jacobi
//// cg functions
subroutine cg(n, row_ptr, col, val, b, x, max_iterations, tolerance) bind(c)
  use iso_c_binding
  implicit none
  integer(c_int), value :: n, max_iterations
  integer(c_int), intent(in) :: row_ptr(n + 1), col(*)
  real(c_double), intent(in) :: val(*), b(n)
  real(c_double), intent(inout) :: x(n)
  real(c_double), value :: tolerance
  real(c_double), allocatable :: r(:), p(:), q(:)
  real(c_double) :: rho, next, alpha, limit
  integer :: step
  allocate(r(n), p(n), q(n))
  call multiply(x, q)
  r = b - q
  p = r
  rho = dot(r, r)
  limit = tolerance * sqrt(dot(b, b))
  do step = 1, max_iterations
    if (sqrt(rho) <= limit) exit
    call multiply(p, q)
    alpha = rho / dot(p, q)
    !$omp parallel workshare
    x = x + alpha * p
    r = r - alpha * q
    !$omp end parallel workshare
    next = dot(r, r)
    p = r + next / rho * p
    rho = next
  end do
contains
  subroutine multiply(from, to)
    real(c_double), intent(in) :: from(n)
    real(c_double), intent(out) :: to(n)
    integer :: i, e
    !$omp parallel do private(e)
    do i = 1, n
      to(i) = 0
      do e = row_ptr(i) + 1, row_ptr(i + 1)
        to(i) = to(i) + val(e) * from(col(e) + 1)
      end do
    end do
  end subroutine multiply
  real(c_double) function dot(a, c)
    real(c_double), intent(in) :: a(n), c(n)
    integer :: i
    dot = 0
    !$omp parallel do reduction(+:dot)
    do i = 1, n
      dot = dot + a(i) * c(i)
    end do
  end function dot
end subroutine cg

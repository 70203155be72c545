"""Scopes and declarations of C++ and CUDA."""

from __future__ import annotations

import pytest

from hpcraft.tokenizer.rename import rename, restore

_CASES = {
    "class": (
        (
            "struct P { double x, y; P(double x, double y) : x(x), y(y) {} ~P(); double len() const; static int n; };\n"
            "double P::len() const { return x * this->y; } P::~P() {} int P::n = 0;"
        ),
        (
            "struct t0 { double m0, m1; t0(double v0, double v1) : m0(v0), m1(v1) {} ~t0(); double f0() const; static int m2; };\n"
            "double t0::f0() const { return m0 * this->m1; } t0::~t0() {} int t0::m2 = 0;"
        ),
    ),
    "template": (
        (
            "template <class T, int N = 3, typename = typename T::tag> struct A { T a[N]; template <class U> U as(U u) { return u; } };\n"
            "template <class T, int N, typename V> T *first_of(A<T, N, V> &x) { return x.a; }"
        ),
        (
            "template <class t0, int v0 = 3, typename = typename t0::v1> struct t1 { t0 m0[v0]; template <class t2> t2 f0(t2 v2) { return v2; } };\n"
            "template <class t3, int v3, typename t4> t3 *f1(t1<t3, v3, t4> &v4) { return v4.m0; }"
        ),
    ),
    "comparisons that look like a template's name": (
        "void f(int n, double r) { double q = 1; for (int s = 0; s < n && g(r) > q; s++) q = h(s < n, n > q); }",
        "void f0(int v0, double v1) { double v2 = 1; for (int v3 = 0; v3 < v0 && f1(v1) > v2; v3++) v2 = f2(v3 < v0, v0 > v2); }",
    ),
    "lambda": (
        "void f(int n) { int k; auto g = [&, k = n](int n) mutable -> int { return n + k; }; g(k); [=] { return n; }(); }",
        "void f0(int v0) { int v1; auto v2 = [&, v3 = v0](int v4) mutable -> int { return v4 + v3; }; v2(v1); [=] { return v0; }(); }",
    ),
    "blocks": (
        (
            "#include <map>\nint f(std::map<int, int> m) { for (const auto &[k, v] : m) if (int k = v; k > 0) return k; "
            "try { f(m); } catch (const std::exception &m) { throw; } for (auto i = m.begin(); i != m.end(); ++i) return i->first; return 0; }"
        ),
        (
            "#include <map>\nint f0(std::map<int, int> v0) { for (const auto &[v1, v2] : v0) if (int v3 = v2; v3 > 0) return v3; "
            "try { f0(v0); } catch (const std::exception &v4) { throw; } for (auto v5 = v0.begin(); v5 != v0.end(); ++v5) return v5->first; return 0; }"
        ),
    ),
    "namespaces": (
        (
            "namespace a { namespace b::c { enum class E : int { on, off }; using I = int; } }\nusing namespace a; namespace d = a::b::c;\n"
            "d::I f(d::E on) { return on == d::E::on; }"
        ),
        (
            "namespace t0 { namespace t1::t2 { enum class t3 : int { v0, v1 }; using t4 = int; } }\nusing namespace t0; namespace t5 = t0::t1::t2;\n"
            "t5::t4 f0(t5::t3 v2) { return v2 == t5::t3::v0; }"
        ),
    ),
    "operators": (
        (
            "struct V { V operator+(const V &o) const; explicit operator bool() const; friend V operator*(double s, const V &v); };\n"
            'long double operator""_km(long double v) { return v; } auto d = 3.0_km;'
        ),
        (
            "struct t0 { t0 operator+(const t0 &v0) const; explicit operator bool() const; friend t0 operator*(double v1, const t0 &v2); };\n"
            'long double operator""_km(long double v3) { return v3; } auto v4 = 3.0_km;'
        ),
    ),
    "declaration or expression": (
        "struct T { T(int); }; int f(int a, int b) { T x(a), y{b}; T *p = new T(a), q = T(b); if (a && b) a & b; char *s = new char[f(a, b)]; return int(a); }",
        (
            "struct t0 { t0(int); }; int f0(int v0, int v1) { t0 v2(v0), v3{v1}; t0 *v4 = new t0(v0), v5 = t0(v1); if (v0 && v1) v0 & v1; "
            "char *v6 = new char[f0(v0, v1)]; return int(v0); }"
        ),
    ),
    "bases that aren't here": (
        "struct A { int a; }; struct B : A { int b; }; class E : public std::exception { int code; const char *what() const noexcept override; };",
        "struct t0 { int m0; }; struct t1 : t0 { int m1; }; class t2 : public std::exception { int code; const char *what() const noexcept override; };",
    ),
    "namespaces of headers": (
        "#include <chrono>\nint second; auto now() { return std::chrono::steady_clock::now() + std::chrono::seconds(second); }",
        "#include <chrono>\nint v0; auto now() { return std::chrono::steady_clock::now() + std::chrono::seconds(v0); }",
    ),
    "member and variable of one spelling": (
        "int size; struct A { int size; int f() { return size; } };",
        "int size; struct t0 { int size; int f0() { return size; } };",
    ),
}

_CUDA = (
    "template <int B> __global__ void __launch_bounds__(B) scale(int n, float4 *x) { extern __shared__ float tile[]; __shared__ int c;\n"
    "  int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) x[i].w *= tile[threadIdx.y]; __syncthreads(); atomicAdd(&c, 1); }\n"
    "void run(int n, float4 *x) { dim3 g((n + 255) / 256), b(256); scale<256><<<g, b, 0>>>(n, x); A<B<C<int>>> a; }\n"
)
_CUDA_EXPECTED = (
    "template <int v0> __global__ void __launch_bounds__(v0) f0(int v1, float4 *v2) { extern __shared__ float v3[]; __shared__ int v4;\n"
    "  int v5 = blockIdx.x * blockDim.x + threadIdx.x; if (v5 < v1) v2[v5].w *= v3[threadIdx.y]; __syncthreads(); atomicAdd(&v4, 1); }\n"
    "void f1(int v6, float4 *v7) { dim3 v8((v6 + 255) / 256), v9(256); f0<256><<<v8, v9, 0>>>(v6, v7); t0<t1<t2<int>>> v10; }\n"
)


@pytest.mark.parametrize("case", _CASES)
def test_each_symbol_has_its_own_name(case: str) -> None:
    """Locals by scope; outside functions one spelling is one name."""
    source, expected = _CASES[case]
    renamed = rename(source, "cpp")
    assert renamed.text == expected
    assert restore(renamed) == source


def test_kernels_and_launches() -> None:
    """CUDA's qualifiers, builtins and launches stay; the names in them go with the program."""
    assert rename(_CUDA, "cuda").text == _CUDA_EXPECTED

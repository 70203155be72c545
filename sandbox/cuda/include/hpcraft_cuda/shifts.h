// Shifts as a device does them: by as many bits as there are or more, nothing is left but the sign. The translator marks the operand on the
// right, `x << hpcraft_cuda::shift(n)`.
#pragma once

#include <type_traits>

namespace hpcraft_cuda {

template <class Y>
struct Shift {
    Y by;
    constexpr operator Y() const { return by; }  // for classes with shifts of their own
    constexpr auto bits() const { return static_cast<std::make_unsigned_t<decltype(+by)>>(+by); }
};
template <class Y>
constexpr auto shift(const Y &by) {
    if constexpr (std::is_integral_v<Y>) return Shift<Y>{by};
    else return by;
}

template <class X>
using Shifted = std::enable_if_t<std::is_integral_v<X> || std::is_enum_v<X>, X>;
template <class X, class Y, class = Shifted<X>>
constexpr auto operator<<(X value, Shift<Y> by) {
    using Wide = decltype(+value);
    using Bits = std::make_unsigned_t<Wide>;
    return by.bits() < 8 * sizeof(Wide) ? static_cast<Wide>(static_cast<Bits>(+value) << by.bits()) : Wide(0);
}
template <class X, class Y, class = Shifted<X>>
constexpr auto operator>>(X value, Shift<Y> by) {
    using Wide = decltype(+value);
    return static_cast<Wide>(+value >> (by.bits() < 8 * sizeof(Wide) ? by.bits() : 8 * sizeof(Wide) - 1) >> (by.bits() >= 8 * sizeof(Wide)));
}
template <class X, class Y, class = Shifted<std::remove_cv_t<X>>>
constexpr X &operator<<=(X &value, Shift<Y> by) {
    value = static_cast<std::remove_cv_t<X>>(static_cast<std::remove_cv_t<X>>(value) << by);
    return value;
}
template <class X, class Y, class = Shifted<std::remove_cv_t<X>>>
constexpr X &operator>>=(X &value, Shift<Y> by) {
    value = static_cast<std::remove_cv_t<X>>(static_cast<std::remove_cv_t<X>>(value) >> by);
    return value;
}

}  // namespace hpcraft_cuda

#pragma once
/// Checked size arithmetic: every size that comes from a file or a request goes through these.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace croft {

template <std::integral T>
[[nodiscard]] constexpr std::optional<T> checked_add(T a, T b) {
  T out{};
  if (__builtin_add_overflow(a, b, &out)) return std::nullopt;
  return out;
}

template <std::integral T>
[[nodiscard]] constexpr std::optional<T> checked_mul(T a, T b) {
  T out{};
  if (__builtin_mul_overflow(a, b, &out)) return std::nullopt;
  return out;
}

/// Rounds up to a multiple of `alignment` (a power of two); nullopt where that wraps.
[[nodiscard]] constexpr std::optional<std::uint64_t> checked_align(std::uint64_t value,
                                                                   std::uint64_t alignment) {
  const auto sum = checked_add<std::uint64_t>(value, alignment - 1);
  if (!sum) return std::nullopt;
  return *sum & ~(alignment - 1);
}

/// Whether [offset, offset + size) lies within [0, total) without wrapping.
[[nodiscard]] constexpr bool range_fits(std::uint64_t offset, std::uint64_t size,
                                        std::uint64_t total) {
  return offset <= total && size <= total - offset;
}

/// Converts between integer types; nullopt where the value does not survive.
template <std::integral To, std::integral From>
[[nodiscard]] constexpr std::optional<To> checked_cast(From value) {
  To out{};
  if (__builtin_add_overflow(value, From{0}, &out)) return std::nullopt;
  return out;
}

}  // namespace croft

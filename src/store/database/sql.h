#pragma once
/// SQL text and its values, kept apart by type: the text can only be a literal of the program, so
/// no value from outside can become part of it.
///
/// The common subset that both databases understand: parameters ?1, ?2, ...; the types BIGINT,
/// DOUBLE PRECISION, TEXT and BYTEA; INSERT ... ON CONFLICT; RETURNING; window functions. Where the
/// two differ, give both texts.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace croft {

class Sql {
 public:
  template <std::size_t N>
  consteval Sql(const char (&both)[N]) : sqlite_(both, N - 1), postgres_(both, N - 1) {}
  template <std::size_t N, std::size_t M>
  consteval Sql(const char (&sqlite)[N], const char (&postgres)[M])
      : sqlite_(sqlite, N - 1), postgres_(postgres, M - 1) {}

  [[nodiscard]] constexpr std::string_view sqlite() const { return sqlite_; }
  [[nodiscard]] constexpr std::string_view postgres() const { return postgres_; }

 private:
  std::string_view sqlite_;
  std::string_view postgres_;
};

/// One value bound to a parameter. Text and blobs are borrowed until the call returns. Text must be
/// UTF-8 without NUL: both databases then keep the same.
class SqlParameter {
 public:
  using Blob = std::span<const std::byte>;
  using Value = std::variant<std::monostate, std::int64_t, double, std::string_view, Blob>;

  SqlParameter() = default;  ///< NULL
  SqlParameter(std::nullptr_t) {}
  template <std::integral T>
    requires(!std::same_as<T, bool> && (sizeof(T) < 8 || std::signed_integral<T>))
  SqlParameter(T value) : value_(static_cast<std::int64_t>(value)) {}
  SqlParameter(bool value) : value_(std::int64_t{value ? 1 : 0}) {}  ///< 0 or 1 in a BIGINT
  SqlParameter(double value) : value_(value) {}
  SqlParameter(std::string_view text) : value_(text) {}
  SqlParameter(const std::string& text) : value_(std::string_view(text)) {}
  SqlParameter(const char* text) : value_(std::string_view(text)) {}
  SqlParameter(Blob bytes) : value_(bytes) {}
  SqlParameter(const std::vector<std::byte>& bytes) : value_(Blob(bytes)) {}
  template <typename T>
  SqlParameter(const std::optional<T>& value) {
    if (value) value_ = SqlParameter(*value).value_;
  }

  [[nodiscard]] const Value& value() const { return value_; }

 private:
  Value value_;
};

using SqlParameters = std::span<const SqlParameter>;

}  // namespace croft

#pragma once
/// The ways in which a text can be read: as it stands, and with JSON's escapes undone, because it
/// is JSON, or holds some. Each reading leads back to the text.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace croft::privacy {

struct Reading {
  std::string text;        ///< may begin with a name that says what the value is: "ssn: "
  std::size_t prefix = 0;  ///< bytes of that name
  /// Where in the source each byte after the prefix is from, and where the last ends.
  std::vector<std::uint32_t> from;
  /// Where characters of the source begin, escapes being one; empty: everywhere.
  std::vector<std::uint32_t> borders = {};
  int depth = 0;           ///< strings of JSON that it stands in, within the source
  bool is_number = false;  ///< a number of JSON

  /// A part of `text` after the prefix, in the source, at borders of characters there.
  struct Range {
    std::size_t begin;
    std::size_t end;
  };
  [[nodiscard]] Range in_source(std::size_t begin, std::size_t end) const;
  /// The part of `text` that begins and ends where characters of the source do: of a name found in
  /// "C:\\new", read as it stands, "ew".
  [[nodiscard]] Range at_borders(std::size_t begin, std::size_t end) const;
};

/// All readings of `text`, those with most escapes undone first. `name`: of its member. JSON is
/// read value by value where `by_values`; else, and where it is none, as a whole.
[[nodiscard]] std::vector<Reading> readings_of(std::string_view text, std::string_view name,
                                               bool by_values);

/// Whether it is one object or array of JSON.
[[nodiscard]] bool is_json_container(std::string_view text);

}  // namespace croft::privacy

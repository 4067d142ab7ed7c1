#pragma once
/// A word to be found in foreign text, whatever the case of its ASCII letters, in linear time.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace croft {

class Keyword {
 public:
  static constexpr std::size_t bytes_max = 1000;

  /// Requires 1 to bytes_max bytes.
  explicit Keyword(std::string_view text);

  /// Safe from many threads; takes no memory. Knuth, Morris and Pratt: the text is read once.
  [[nodiscard]] bool occurs_in(std::string_view text) const;

  friend bool operator==(const Keyword& a, const Keyword& b) { return a.lower_ == b.lower_; }

 private:
  std::string lower_;
  std::vector<std::uint16_t> border_;  ///< [i]: longest proper prefix that ends at byte i, too
};

}  // namespace croft

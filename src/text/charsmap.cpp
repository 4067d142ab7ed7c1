#include "text/charsmap.h"

#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "text/utf8.h"

namespace croft {
namespace {

/// A crafted trie could lead round in circles; published ones hold sequences of up to 18 bytes.
constexpr std::size_t sequence_bytes_max = 256;

/// One cell of a darts-clone double array.
struct Unit {
  std::uint32_t bits;
  [[nodiscard]] bool has_leaf() const { return ((bits >> 8) & 1) != 0; }
  [[nodiscard]] std::uint32_t value() const { return bits & 0x7FFFFFFFu; }
  /// The byte that leads here; bit 31 marks leaves, so that they match no byte.
  [[nodiscard]] std::uint32_t label() const { return bits & 0x800000FFu; }
  [[nodiscard]] std::uint32_t offset() const { return (bits >> 10) << ((bits & 0x200u) >> 6); }
};

class Charsmap final : public NormalizerStep {
 public:
  Charsmap(std::vector<Unit> units, std::string replacements)
      : units_(std::move(units)), replacements_(std::move(replacements)) {}

  std::string apply(std::string text) const override {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
      const Match match = longest(std::string_view(text).substr(at, sequence_bytes_max));
      if (match.length > 0) {
        out += replacement_at(match.value);
        at += match.length;
      } else {
        const std::uint8_t length = utf8::decode(text, at).length;
        out.append(text, at, length);
        at += length;
      }
    }
    // The table's strings are the file's: they may be anything.
    return utf8::is_valid(out) ? out : utf8::repair(out, utf8::Invalid::EachByte);
  }

 private:
  struct Match {
    std::size_t length = 0;
    std::uint32_t value = 0;
  };

  [[nodiscard]] Match longest(std::string_view text) const {
    Match match;
    std::size_t node = units_[0].offset();
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto byte = static_cast<unsigned char>(text[i]);
      node ^= byte;
      if (byte == 0 || node >= units_.size()) break;
      const Unit unit = units_[node];
      if (unit.label() != byte) break;
      node ^= unit.offset();
      if (!unit.has_leaf()) continue;
      if (node >= units_.size()) break;
      match = {i + 1, units_[node].value()};
    }
    // A match that cuts a character in two is the table's mistake.
    const bool whole = match.length == text.size() ||
                       (static_cast<unsigned char>(text[match.length]) & 0xC0) != 0x80;
    return whole && match.value < replacements_.size() ? match : Match{};
  }

  [[nodiscard]] std::string_view replacement_at(std::uint32_t begin) const {
    const std::size_t end = replacements_.find('\0', begin);
    return std::string_view(replacements_).substr(begin, end - begin);
  }

  std::vector<Unit> units_;
  std::string replacements_;
};

class SqueezeSpaces final : public NormalizerStep {
 public:
  std::string apply(std::string text) const override {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
      if (c == ' ' && (out.empty() || out.back() == ' ')) continue;
      out += c;
    }
    if (out.ends_with(' ')) out.pop_back();
    return out;
  }
};

/// Leaves text as it is.
class Unchanged final : public NormalizerStep {
 public:
  std::string apply(std::string text) const override { return text; }
};

}  // namespace

Result<std::unique_ptr<NormalizerStep>> make_charsmap(std::string_view bytes,
                                                      std::string_view what) {
  if (bytes.empty()) return std::make_unique<Unchanged>();
  std::uint32_t trie_bytes = 0;
  const bool complete = bytes.size() >= sizeof(trie_bytes);
  if (complete) std::memcpy(&trie_bytes, bytes.data(), sizeof(trie_bytes));
  const std::size_t rest = complete ? bytes.size() - sizeof(trie_bytes) : 0;
  if (!complete || trie_bytes == 0 || trie_bytes > rest || trie_bytes % sizeof(Unit) != 0) {
    return fail(ErrorCode::Corrupt,
                std::string(what) + " of " + std::to_string(bytes.size()) +
                    " bytes does not hold a table of " + std::to_string(trie_bytes) + " bytes",
                "Convert the model again, or download it from another source", std::string(what));
  }
  std::vector<Unit> units(trie_bytes / sizeof(Unit));
  std::memcpy(units.data(), bytes.data() + sizeof(trie_bytes), trie_bytes);
  std::string replacements(bytes.substr(sizeof(trie_bytes) + trie_bytes));
  replacements += '\0';
  return std::make_unique<Charsmap>(std::move(units), std::move(replacements));
}

std::unique_ptr<NormalizerStep> make_squeeze_spaces() {
  return std::make_unique<SqueezeSpaces>();
}

}  // namespace croft

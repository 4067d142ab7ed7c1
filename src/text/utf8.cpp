#include "text/utf8.h"

namespace croft::utf8 {
namespace {

/// What a lead byte announces: the length, and the range of its second byte (which is what excludes
/// overlong forms, surrogates and values above U+10FFFF; Unicode standard, table 3-7).
struct Lead {
  std::uint8_t length;
  std::uint8_t second_min;
  std::uint8_t second_max;
};

Lead lead_of(std::uint8_t byte) {
  if (byte < 0x80) return {1, 0, 0};
  if (byte < 0xC2) return {0, 0, 0};
  if (byte < 0xE0) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte < 0xF0) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte < 0xF4) return {4, 0x80, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

std::uint8_t byte_at(std::string_view text, std::size_t position) {
  return static_cast<std::uint8_t>(text[position]);
}

/// How many bytes at `position` agree with the character that the lead byte announces.
std::uint8_t matching_bytes(std::string_view text, std::size_t position, const Lead& lead) {
  std::uint8_t length = 1;
  while (length < lead.length && position + length < text.size()) {
    const std::uint8_t byte = byte_at(text, position + length);
    const std::uint8_t low = length == 1 ? lead.second_min : 0x80;
    const std::uint8_t high = length == 1 ? lead.second_max : 0xBF;
    if (byte < low || byte > high) break;
    ++length;
  }
  return length;
}

}  // namespace

Step decode(std::string_view text, std::size_t position) {
  const std::uint8_t first = byte_at(text, position);
  if (first < 0x80) return {first, 1, true};
  const Lead lead = lead_of(first);
  if (lead.length == 0) return {replacement, 1, false};
  const std::uint8_t length = matching_bytes(text, position, lead);
  if (length < lead.length) return {replacement, length, false};
  char32_t value = first & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    value = (value << 6) | (byte_at(text, position + i) & 0x3Fu);
  }
  return {value, length, true};
}

void append(std::string& out, char32_t value) {
  if (value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) value = replacement;
  if (value < 0x80) {
    out += static_cast<char>(value);
    return;
  }
  const int continuation_count = value < 0x800 ? 1 : value < 0x10000 ? 2 : 3;
  const unsigned lead_mark = continuation_count == 1 ? 0xC0 : continuation_count == 2 ? 0xE0 : 0xF0;
  out += static_cast<char>(lead_mark | (value >> (6 * continuation_count)));
  for (int i = continuation_count - 1; i >= 0; --i) {
    out += static_cast<char>(0x80u | ((value >> (6 * i)) & 0x3Fu));
  }
}

bool is_valid(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const Step step = decode(text, at);
    if (!step.valid) return false;
    at += step.length;
  }
  return true;
}

std::string repair(std::string_view text, Invalid policy) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Step step = decode(text, at);
    if (step.valid) {
      out.append(text, at, step.length);
    } else {
      const int marks = policy == Invalid::EachByte ? step.length : 1;
      for (int i = 0; i < marks; ++i) append(out, replacement);
    }
    at += step.length;
  }
  return out;
}

std::size_t unfinished_suffix(std::string_view text) {
  const std::size_t longest = text.size() < 3 ? text.size() : 3;
  for (std::size_t length = longest; length > 0; --length) {
    const std::size_t at = text.size() - length;
    const Lead lead = lead_of(byte_at(text, at));
    if (lead.length > length && matching_bytes(text, at, lead) == length) return length;
  }
  return 0;
}

}  // namespace croft::utf8

#include "text/unicode.h"

#include <utf8proc.h>

#include <cstdlib>
#include <memory>

#include "text/upper_case.h"
#include "text/utf8.h"

namespace croft::unicode {
namespace {

utf8proc_category_t category(char32_t value) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(value));
}

bool is_ascii(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) return false;
  }
  return true;
}

}  // namespace

bool is_white_space(char32_t value) {
  if (value < 0x80) return value == ' ' || (value >= 9 && value <= 13);
  const utf8proc_category_t kind = category(value);
  return value == 0x85 || kind == UTF8PROC_CATEGORY_ZS || kind == UTF8PROC_CATEGORY_ZL ||
         kind == UTF8PROC_CATEGORY_ZP;
}

bool is_word(char32_t value) {
  switch (category(value)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
    case UTF8PROC_CATEGORY_PC:
      return true;
    default:
      return false;
  }
}

bool is_punctuation(char32_t value) {
  const utf8proc_category_t kind = category(value);
  return kind >= UTF8PROC_CATEGORY_PC && kind <= UTF8PROC_CATEGORY_PO;
}

bool is_nonspacing_mark(char32_t value) {
  return category(value) == UTF8PROC_CATEGORY_MN;
}

bool is_control(char32_t value) {
  switch (category(value)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
      return true;
    default:
      return false;
  }
}

std::string normalize(std::string_view text, Form form) {
  if (is_ascii(text)) return std::string(text);
  unsigned options = UTF8PROC_STABLE;
  const bool composes = form == Form::Nfc || form == Form::Nfkc;
  options |= composes ? unsigned{UTF8PROC_COMPOSE} : unsigned{UTF8PROC_DECOMPOSE};
  if (form == Form::Nfkc || form == Form::Nfkd) options |= UTF8PROC_COMPAT;
  utf8proc_uint8_t* mapped = nullptr;
  const auto length = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                   static_cast<utf8proc_ssize_t>(text.size()), &mapped,
                                   static_cast<utf8proc_option_t>(options));
  if (length < 0) return std::string(text);
  const std::unique_ptr<utf8proc_uint8_t, void (*)(void*)> owner(mapped, std::free);
  return {reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(length)};
}

std::string lower_case(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const utf8::Step step = utf8::decode(text, at);
    at += step.length;
    if (step.value == 0x130) {
      out += "i\u0307";  // the only code point whose lower case is two
    } else if (step.value < 0x80) {
      const auto c = static_cast<char>(step.value);
      out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    } else {
      const auto lower = utf8proc_tolower(static_cast<utf8proc_int32_t>(step.value));
      utf8::append(out, static_cast<char32_t>(lower));
    }
  }
  return out;
}

std::string upper_case(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const utf8::Step step = utf8::decode(text, at);
    at += step.length;
    if (step.value == 0xDF) {
      out += "SS";
    } else if (step.value < 0x80) {
      const auto c = static_cast<char>(step.value);
      out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    } else {
      const auto upper = utf8proc_toupper(static_cast<utf8proc_int32_t>(step.value));
      utf8::append(out, static_cast<char32_t>(upper));
    }
  }
  return out;
}

}  // namespace croft::unicode

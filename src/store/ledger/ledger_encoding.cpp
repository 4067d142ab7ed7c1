#include "store/ledger/ledger_encoding.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "io/sha256.h"

namespace croft {
namespace {

constexpr std::string_view row_label = "croft.ledger.row";
constexpr std::string_view link_label = "croft.ledger.link";
constexpr std::string_view genesis_label = "croft.ledger.genesis";
enum Tag : char { Null = 0, Integer = 1, Text = 2 };

// Highest byte first, as networks write numbers.
template <typename Unsigned>
void put(std::string& out, Unsigned value) {
  for (int shift = 8 * (static_cast<int>(sizeof(Unsigned)) - 1); shift >= 0; shift -= 8)
    out += static_cast<char>((value >> shift) & 0xFF);
}

template <typename Unsigned>
std::optional<Unsigned> take(std::string_view& bytes) {
  if (bytes.size() < sizeof(Unsigned)) return std::nullopt;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(Unsigned); ++i)
    value = (value << 8) | static_cast<unsigned char>(bytes[i]);
  bytes.remove_prefix(sizeof(Unsigned));
  return static_cast<Unsigned>(value);
}

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

LedgerHash hash_of(std::string_view bytes) {
  const std::string digits = sha256_hex(std::as_bytes(std::span(bytes)));
  LedgerHash hash{};
  for (std::size_t i = 0; i < hash.size(); ++i)
    hash[i] =
        static_cast<std::byte>(digit_value(digits[2 * i]) * 16 + digit_value(digits[2 * i + 1]));
  return hash;
}

void put_hash(std::string& out, const LedgerHash& hash) {
  out.append(reinterpret_cast<const char*>(hash.data()), hash.size());
}

std::unexpected<Error> damaged(std::string_view what) {
  return fail(ErrorCode::Corrupt, "an encoded row of the ledger " + std::string(what));
}

}  // namespace

std::string encode_ledger_row(const LedgerValues& values) {
  std::string out;
  out.reserve(1024);
  put(out, static_cast<std::uint32_t>(ledger_row_version));
  put(out, static_cast<std::uint32_t>(values.size()));
  for (const SqlParameter& value : values) {
    if (const auto* number = std::get_if<std::int64_t>(&value.value())) {
      out += Integer;
      put(out, static_cast<std::uint64_t>(*number));
    } else if (const auto* text = std::get_if<std::string_view>(&value.value())) {
      out += Text;
      put(out, static_cast<std::uint32_t>(text->size()));
      out += *text;
    } else {
      out += Null;
    }
  }
  return out;
}

Result<LedgerValues> decode_ledger_row(std::string_view bytes) {
  const auto version = take<std::uint32_t>(bytes);
  const auto count = take<std::uint32_t>(bytes);
  if (!version || !count) return damaged("is cut short");
  if (*version > ledger_row_version)
    return fail(ErrorCode::Unsupported, "a row of the ledger was written by a newer Croft",
                "Use that Croft.");
  if (*version != ledger_row_version || *count != ledger_column_count)
    return damaged("has another number of fields");
  LedgerValues values;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const LedgerColumnKind kind = ledger_columns()[i].kind;
    const auto tag = take<std::uint8_t>(bytes);
    if (!tag) return damaged("is cut short");
    if (*tag == Integer && kind != LedgerColumnKind::Text) {
      const auto number = take<std::uint64_t>(bytes);
      if (!number) return damaged("is cut short");
      values[i] = SqlParameter(static_cast<std::int64_t>(*number));
    } else if (*tag == Text && kind == LedgerColumnKind::Text) {
      const auto length = take<std::uint32_t>(bytes);
      if (!length || *length > bytes.size()) return damaged("is cut short");
      values[i] = SqlParameter(bytes.substr(0, *length));
      bytes.remove_prefix(*length);
    } else if (*tag != Null || kind != LedgerColumnKind::OptionalInteger) {
      return damaged("has a field of another kind");
    }
  }
  if (!bytes.empty()) return damaged("is too long");
  return values;
}

LedgerHash content_hash(std::string_view encoded_row) {
  std::string bytes(row_label);
  bytes += encoded_row;
  return hash_of(bytes);
}

LedgerHash genesis_hash(std::string_view ledger_id) {
  std::string bytes(genesis_label);
  bytes += ledger_id;
  return hash_of(bytes);
}

LedgerHash chain_hash(const LedgerHash& previous, std::int64_t seq, const LedgerHash& content) {
  std::string bytes(link_label);
  put_hash(bytes, previous);
  put(bytes, static_cast<std::uint64_t>(seq));
  put_hash(bytes, content);
  return hash_of(bytes);
}

std::string hash_text(const LedgerHash& hash) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : hash) {
    text += digits[std::to_integer<unsigned>(byte) >> 4];
    text += digits[std::to_integer<unsigned>(byte) & 15];
  }
  return text;
}

Result<LedgerHash> hash_from_blob(std::span<const std::byte> bytes) {
  LedgerHash hash{};
  if (bytes.size() != hash.size())
    return fail(ErrorCode::Corrupt,
                "a hash of the ledger has " + std::to_string(bytes.size()) + " bytes, not 32");
  std::ranges::copy(bytes, hash.begin());
  return hash;
}

Result<LedgerHash> hash_from_text(std::string_view text) {
  LedgerHash hash{};
  const bool fits = text.size() == 2 * hash.size() &&
                    std::ranges::all_of(text, [](char c) { return digit_value(c) >= 0; });
  if (!fits) return fail(ErrorCode::InvalidArgument, "a hash has 64 digits of 0123456789abcdef");
  for (std::size_t i = 0; i < hash.size(); ++i)
    hash[i] = static_cast<std::byte>(digit_value(text[2 * i]) * 16 + digit_value(text[2 * i + 1]));
  return hash;
}

}  // namespace croft

#include "store/prices/read_prices.h"

#include <algorithm>
#include <array>
#include <span>

#include "base/json.h"
#include "store/near_names.h"
#include "store/prices/money.h"

namespace croft {
namespace {

constexpr std::string_view format_name = "croft-prices-1";
constexpr std::size_t name_bytes_max = 256;
constexpr std::size_t remark_bytes_max = 1024;
constexpr std::size_t aliases_max = 64;
// A million units a million tokens: far above any price, far below what could overflow.
constexpr std::int64_t rate_max = 1'000'000 * nano_per_unit;

constexpr std::array<std::string_view, 3> header_fields = {"format", "date", "note"};
constexpr std::array<std::string_view, 13> price_fields = {
    "provider",     "model",       "aliases", "currency",          "input",
    "cached_input", "cache_write", "output",  "prompt_tokens_max", "date",
    "source",       "untested",    "note"};

/// One line's object, with its place for messages.
class LineReader {
 public:
  LineReader(const json::object& object, std::size_t line, std::string_view what)
      : object_(object), line_(line), what_(what) {}

  [[nodiscard]] std::unexpected<Error> wrong(std::string_view field, std::string_view why,
                                             std::string hint = {}) const {
    return fail(ErrorCode::InvalidArgument,
                std::string(what_) + ", line " + std::to_string(line_) + ", field \"" +
                    std::string(field) + "\": " + std::string(why),
                std::move(hint), std::string(field));
  }

  Result<void> check_names(std::span<const std::string_view> known) const {
    for (const auto& member : object_) {
      const std::string_view name = member.key();
      if (std::ranges::find(known, name) != known.end()) continue;
      const auto near = near_names(name, {known.begin(), known.end()}, 1);
      return wrong(name, "there is no such field",
                   near.empty() ? std::string{} : "Did you mean \"" + near.front() + "\"?");
    }
    return {};
  }

  /// Empty where absent and not required.
  Result<std::string> text(std::string_view field, std::size_t bytes_max, bool required) const {
    const json::value* value = find(object_, field);
    if (value == nullptr) {
      if (required) return wrong(field, "is missing");
      return std::string{};
    }
    if (!value->is_string()) return wrong(field, "must be text");
    return checked_text(value->get_string(), field, bytes_max);
  }

  Result<std::vector<std::string>> names(std::string_view field) const {
    std::vector<std::string> out;
    const json::value* value = find(object_, field);
    if (value == nullptr) return out;
    if (!value->is_array() || value->get_array().size() > aliases_max)
      return wrong(field, "must be a list of at most 64 names");
    for (const json::value& each : value->get_array()) {
      if (!each.is_string()) return wrong(field, "must be a list of names");
      out.push_back(TRY(checked_text(each.get_string(), field, name_bytes_max)));
    }
    return out;
  }

  Result<std::optional<std::int64_t>> rate(std::string_view field, bool required) const {
    const json::value* value = find(object_, field);
    if (value == nullptr) {
      if (required) return wrong(field, "is missing", "A model that costs nothing says so with 0");
      return std::optional<std::int64_t>{};
    }
    if (!value->is_number())
      return wrong(field, "must be a number: units of the currency per million tokens");
    const double number = value->to_number<double>();
    if (!(number >= 0)) return wrong(field, "must not be below 0");
    const auto nano = nano_from(number);
    if (number > static_cast<double>(rate_max / nano_per_unit))
      return wrong(field, "is above 1,000,000 per million tokens");
    if (!nano) return wrong(field, "has more than nine decimals");
    return nano;
  }

  Result<std::string> date(std::string_view field) const {
    std::string value = TRY(text(field, name_bytes_max, true));
    if (!is_iso_date(value)) return wrong(field, "must be a day such as \"2026-01-31\"");
    return value;
  }

  Result<bool> flag(std::string_view field) const {
    const json::value* value = find(object_, field);
    if (value == nullptr) return false;
    if (!value->is_bool()) return wrong(field, "must be true or false");
    return value->get_bool();
  }

  Result<std::optional<std::uint64_t>> count(std::string_view field) const {
    if (find(object_, field) == nullptr) return std::optional<std::uint64_t>{};
    const auto number = find_int(object_, field);
    if (!number || *number < 1) return wrong(field, "must be a whole number above 0");
    return std::optional<std::uint64_t>(static_cast<std::uint64_t>(*number));
  }

 private:
  Result<std::string> checked_text(std::string_view value, std::string_view field,
                                   std::size_t bytes_max) const {
    const bool sound =
        !value.empty() && value.size() <= bytes_max && std::ranges::all_of(value, [](char c) {
          const auto byte = static_cast<unsigned char>(c);
          return byte >= 0x20 && byte != 0x7f;
        });
    if (!sound)
      return wrong(field, "must have 1 to " + std::to_string(bytes_max) +
                              " bytes without control characters");
    return std::string(value);
  }

  const json::object& object_;
  std::size_t line_;
  std::string_view what_;
};

Result<json::object> parse_line(std::string_view line, std::size_t number, std::string_view what) {
  const std::string place = std::string(what) + ", line " + std::to_string(number);
  json::value value = TRY(parse_json(line, place, 4));
  if (!value.is_object())
    return fail(ErrorCode::InvalidArgument, place + " is no JSON object",
                "A price list has one object a line");
  return std::move(value.get_object());
}

bool is_currency_code(std::string_view text) {
  return text.size() == 3 && std::ranges::all_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
}

}  // namespace

Result<std::string> read_price_header(std::string_view line, std::string_view what) {
  const json::object object = TRY(parse_line(line, 1, what));
  const LineReader reader(object, 1, what);
  const json::value* format = find(object, "format");
  if (format == nullptr || !format->is_string() || format->get_string() != format_name)
    return reader.wrong("format", "must be \"croft-prices-1\"",
                        R"(A list begins with {"format": "croft-prices-1", "date": "2026-01-31"})");
  TRY(reader.check_names(header_fields));
  TRY(reader.text("note", remark_bytes_max, false));
  return reader.date("date");
}

Result<ModelPrice> read_price_line(std::string_view line, std::size_t line_number,
                                   std::string_view what) {
  const json::object object = TRY(parse_line(line, line_number, what));
  const LineReader reader(object, line_number, what);
  TRY(reader.check_names(price_fields));
  ModelPrice price;
  price.line = line_number;
  price.provider = TRY(reader.text("provider", name_bytes_max, true));
  price.model = TRY(reader.text("model", name_bytes_max, true));
  price.aliases = TRY(reader.names("aliases"));
  price.rates.currency = TRY(reader.text("currency", name_bytes_max, true));
  if (!is_currency_code(price.rates.currency))
    return reader.wrong("currency", "must be three capital letters, such as USD");
  price.rates.input = *TRY(reader.rate("input", true));
  price.rates.output = *TRY(reader.rate("output", true));
  price.rates.cached_input = TRY(reader.rate("cached_input", false));
  price.rates.cache_write = TRY(reader.rate("cache_write", false));
  price.prompt_tokens_max = TRY(reader.count("prompt_tokens_max"));
  price.date = TRY(reader.date("date"));
  price.source = TRY(reader.text("source", remark_bytes_max, true));
  price.untested = TRY(reader.flag("untested"));
  price.note = TRY(reader.text("note", remark_bytes_max, false));
  return price;
}

}  // namespace croft

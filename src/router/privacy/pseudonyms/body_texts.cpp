#include "router/privacy/pseudonyms/body_texts.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "base/check.h"
#include "router/privacy/pseudonyms/folded_units.h"

namespace croft::privacy {
namespace {

constexpr std::size_t kDepthMax = 128;  // as the gate's; deeper texts stay, and the gate refuses
constexpr std::size_t kKeyMin = 6;      // shorter names say nothing
constexpr double kNumberMin = 10'000;   // smaller numbers are counts

/// Members whose words are the dialect's, and marks that a provider checks.
bool is_fixed(std::string_view name) {
  constexpr auto kFixed =
      std::to_array<std::string_view>({"role", "type", "model", "signature", "encrypted_content"});
  return std::ranges::find(kFixed, name) != kFixed.end();
}

/// Takes a body apart and puts it together: `visit` is given each text and says what it becomes.
class Walk {
 public:
  using Visit = std::function<std::string(TextRole, std::string_view, std::string_view)>;
  explicit Walk(Visit visit) : visit_(std::move(visit)) {}

  json::object object(const json::object& object, std::size_t depth) {
    json::object out;
    out.reserve(object.size());
    for (const auto& each : object) {
      std::string key(each.key());
      if (key.size() >= kKeyMin) key = visit_(TextRole::Member, {}, each.key());
      out.insert_or_assign(key, value(each.value(), each.key(), depth + 1));
    }
    return out;
  }

 private:
  json::value value(const json::value& value, std::string_view name, std::size_t depth) {
    if (depth > kDepthMax) return value;
    switch (value.kind()) {
      case json::kind::object:
        return object(value.get_object(), depth);
      case json::kind::array: {
        json::array out;
        out.reserve(value.get_array().size());
        for (const json::value& each : value.get_array())
          out.push_back(this->value(each, name, depth + 1));
        return out;
      }
      case json::kind::string:
        return string(value.get_string(), name);
      case json::kind::int64:
      case json::kind::uint64:
      case json::kind::double_:
        return number(value, name);
      default:
        return value;
    }
  }

  json::value string(std::string_view text, std::string_view name) {
    if (is_fixed(name)) return json::value(text);
    const bool restricted =
        name == "name" && !text.empty() &&
        std::ranges::none_of(text, [](char c) { return c == ' ' || c == '\n'; });
    return json::value(visit_(restricted ? TextRole::Name : TextRole::Value, name, text));
  }

  json::value number(const json::value& value, std::string_view name) {
    const auto size = value.to_number<double>();
    if (size < kNumberMin || size > 9e18) return value;
    std::array<char, 32> digits{};
    int length = 0;
    if (value.is_double())
      length = std::snprintf(digits.data(), digits.size(), "%.0f", size);
    else
      length = std::snprintf(digits.data(), digits.size(), "%llu",
                             static_cast<unsigned long long>(value.to_number<std::uint64_t>()));
    const std::string_view text(digits.data(), static_cast<std::size_t>(std::max(length, 0)));
    const std::string now = visit_(TextRole::Number, name, text);
    if (now == text) return value;
    std::uint64_t parsed = 0;
    if (!is_json_number(now)) return json::value(now);
    std::from_chars(now.data(), now.data() + now.size(), parsed);
    return json::value(parsed);
  }

  Visit visit_;
};

}  // namespace

std::vector<BodyText> texts_of(const json::object& body) {
  std::vector<BodyText> texts;
  (void)Walk([&](TextRole role, std::string_view name, std::string_view text) {
    texts.push_back({role, std::string(name), std::string(text)});
    return std::string(text);
  }).object(body, 0);
  return texts;
}

json::object with_texts(const json::object& body, const std::vector<std::string>& texts) {
  std::size_t at = 0;
  json::object out = Walk([&](TextRole, std::string_view, std::string_view) {
                       CHECK(at < texts.size());
                       return texts[at++];
                     }).object(body, 0);
  CHECK(at == texts.size());
  return out;
}

}  // namespace croft::privacy

#include "router/privacy/pseudonyms/text_readings.h"

#include <algorithm>
#include <array>

#include "base/json.h"
#include "router/privacy/characters.h"
#include "router/privacy/pseudonyms/folded_units.h"
#include "text/utf8.h"

namespace croft::privacy {
namespace {

constexpr int kDepthMax = 3;           // as the gate's: arguments inside a result inside a message
constexpr std::size_t kDigitsMin = 5;  // of a number of JSON that is looked at

/// A stretch of text with the way back to the source.
struct Layer {
  std::string text;
  std::vector<std::uint32_t> from;  ///< one more than bytes
  int depth = 0;

  [[nodiscard]] Layer part(std::size_t begin, std::size_t end) const {
    return {text.substr(begin, end - begin),
            {from.begin() + static_cast<std::ptrdiff_t>(begin),
             from.begin() + static_cast<std::ptrdiff_t>(end) + 1},
            depth};
  }
};

/// With one layer of escapes undone. `changed`: whether there were any.
Layer undone(const Layer& layer, bool& changed) {
  Layer out;
  out.depth = layer.depth + 1;
  out.text.reserve(layer.text.size());
  out.from.reserve(layer.from.size());
  changed = false;
  for (std::size_t at = 0; at < layer.text.size();) {
    if (layer.text[at] != '\\') {
      out.text += layer.text[at];
      out.from.push_back(layer.from[at]);
      ++at;
      continue;
    }
    const Unit unit = unit_at(layer.text, at, Escapes::All, false);
    changed = changed || unit.is_escape;
    const std::size_t before = out.text.size();
    if (unit.is_escape)
      utf8::append(out.text, unit.value);
    else
      out.text += layer.text.substr(at, unit.length);
    out.from.insert(out.from.end(), out.text.size() - before, layer.from[at]);
    at += unit.length;
  }
  out.from.push_back(layer.from.back());
  return out;
}

/// A name that says nothing of its value, as the gate sees it (sensitivity.cpp).
bool says_nothing(std::string_view name) {
  constexpr auto kNames = std::to_array<std::string_view>(
      {"", "content", "text", "role", "type", "arguments", "input", "model"});
  return std::ranges::find(kNames, name) != kNames.end() || name.size() > 128;
}

Reading reading_of(const Layer& layer, std::string_view name) {
  Reading reading;
  if (!says_nothing(name)) {
    reading.text = std::string(name) + ": ";
    reading.prefix = reading.text.size();
  }
  reading.text += layer.text;
  reading.from = layer.from;
  reading.depth = layer.depth;
  return reading;
}

class Reader {
 public:
  std::vector<Reading> take() {
    std::ranges::reverse(readings_);
    return std::move(readings_);
  }

  /// Layer after layer; readings with fewer escapes undone are added first.
  void plain(const Layer& layer, std::string_view name) {
    std::vector<Layer> layers = {layer};
    for (int i = 0; i < kDepthMax && layers.back().text.contains('\\'); ++i) {
      bool changed = false;
      Layer next = undone(layers.back(), changed);
      if (!changed) break;
      layers.push_back(std::move(next));
    }
    for (std::size_t i = 0; i < layers.size(); ++i) {
      Reading reading = reading_of(layers[i], name);
      if (i + 1 < layers.size()) reading.borders = layers[i + 1].from;
      readings_.push_back(std::move(reading));
    }
  }

  void json(const Layer& layer, std::string_view name, int nested) {
    const std::string_view text = layer.text;
    std::string key(name);
    for (std::size_t at = 0; at < text.size();) {
      if (text[at] == '"') {
        at = string(layer, at, key, nested);
      } else if (is(text[at], kDigit)) {
        at = number(layer, at, key);
      } else {
        ++at;
      }
    }
  }

 private:
  std::size_t string(const Layer& layer, std::size_t quote, std::string& key, int nested) {
    const std::string_view text = layer.text;
    std::size_t end = quote + 1;
    while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
    end = std::min(end, text.size());
    const std::size_t after =
        std::min(text.find_first_not_of(" \t\r\n", std::min(end + 1, text.size())), text.size());
    bool changed = false;
    const Layer value = undone(layer.part(quote + 1, end), changed);
    const bool is_key = after < text.size() && text[after] == ':';
    if (is_key) key = value.text;
    if (!is_key && nested < kDepthMax && is_json_container(value.text))
      json(value, key, nested + 1);
    else
      plain(value, is_key ? std::string_view{} : key);
    return end + 1;
  }

  std::size_t number(const Layer& layer, std::size_t start, std::string_view key) {
    const std::string_view text = layer.text;
    std::size_t end = start;
    while (end < text.size() && is(text[end], kDigit)) ++end;
    if (end - start >= kDigitsMin) {
      Reading reading = reading_of(layer.part(start, end), key);
      reading.is_number = true;
      readings_.push_back(std::move(reading));
    }
    return end;
  }

  std::vector<Reading> readings_;
};

}  // namespace

Reading::Range Reading::in_source(std::size_t begin, std::size_t end) const {
  Range range{from[begin - prefix], from[end - prefix]};
  if (borders.empty()) return range;
  // An escape is not cut in two.
  const auto border = [&](std::size_t at) -> std::size_t {
    const auto found = std::ranges::lower_bound(borders, static_cast<std::uint32_t>(at));
    return found == borders.end() ? borders.back() : *found;
  };
  range.begin = border(range.begin);
  range.end = std::max(range.begin, border(range.end));
  return range;
}

Reading::Range Reading::at_borders(std::size_t begin, std::size_t end) const {
  if (borders.empty()) return {begin, end};
  const auto is_border = [&](std::size_t at) {
    return std::ranges::binary_search(borders, from[at - prefix]);
  };
  while (begin < end && !is_border(begin)) ++begin;
  while (end < text.size() && !is_border(end)) ++end;
  return {begin, end};
}

bool is_json_container(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || (text[first] != '{' && text[first] != '[')) return false;
  const char last = text[text.find_last_not_of(" \t\r\n")];
  return (last == '}' || last == ']') && parse_json(text, "text").has_value();
}

std::vector<Reading> readings_of(std::string_view text, std::string_view name, bool by_values) {
  Layer source{std::string(text), {}, 0};
  source.from.resize(text.size() + 1);
  for (std::size_t i = 0; i <= text.size(); ++i) source.from[i] = static_cast<std::uint32_t>(i);
  Reader reader;
  if (by_values && is_json_container(text))
    reader.json(source, name, 0);
  else
    reader.plain(source, name);
  return reader.take();
}

}  // namespace croft::privacy

#include "router/bench/routing_text.h"

#include <cstdio>

namespace croft {
namespace {

std::string fixed_text(double value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  // A rounded -0.0 is 0.
  const std::string_view digits = text;
  if (digits.starts_with('-') && digits.find_first_not_of("-0.") == std::string_view::npos)
    return std::string(digits.substr(1));
  return text;
}

}  // namespace

std::string percent_text(double share, int decimals) {
  return fixed_text(100.0 * share, decimals) + " %";
}

std::string estimate_text(const Estimate& figure, int decimals) {
  if (!figure.value) return "undefined";
  return percent_text(*figure.value, decimals) + " (" + fixed_text(100.0 * figure.low, decimals) +
         " to " + fixed_text(100.0 * figure.high, decimals) + ")";
}

std::string share_text(const std::optional<double>& value,
                       const std::optional<ShareInterval>& ends) {
  if (!value) return "never";
  if (!ends) return percent_text(*value);
  return estimate_text({value, ends->low, ends->high});
}

std::string auc_text(const std::optional<double>& value, const std::optional<ShareInterval>& ends) {
  if (!value) return "-";
  std::string text = fixed_text(*value, 3);
  if (ends) text += " (" + fixed_text(ends->low, 3) + " to " + fixed_text(ends->high, 3) + ")";
  return text;
}

std::string plain_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out += ' ';
    } else if (c == '<') {
      out += "&lt;";
    } else {
      if (std::string_view("|*_`[]\\").find(c) != std::string_view::npos) out += '\\';
      out += c;
    }
  }
  return out;
}

std::string table_row(const std::vector<std::string>& cells) {
  std::string out = "|";
  for (const std::string& cell : cells) out += " " + cell + " |";
  return out + "\n";
}

std::string table_head(const std::vector<std::string>& cells) {
  std::string rule = "|";
  for (std::size_t i = 0; i < cells.size(); ++i) rule += i == 0 ? "---|" : "---:|";
  return table_row(cells) + rule + "\n";
}

}  // namespace croft

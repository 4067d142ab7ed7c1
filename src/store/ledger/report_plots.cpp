#include "store/ledger/report_plots.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace croft {
namespace {

// Units of the viewBox; the page scales it.
constexpr double left = 64, right = 12, top = 34, tall = 190, bottom = 46, wide = 640;
constexpr double field = wide - left - right;
constexpr std::size_t labels_max = 10;

std::string number(double value, int decimals = 1) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
  return text.data();
}

/// 12000 -> "12k": room for five characters.
std::string short_number(double value) {
  constexpr std::array<std::pair<double, std::string_view>, 4> sizes = {
      {{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}}};
  for (const auto& [size, letter] : sizes) {
    if (value < size) continue;
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.3g", value / size);
    return std::string(text.data()) + std::string(letter);
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3g", value);
  return text.data();
}

std::string text_at(std::string_view kind, double x, double y, std::string_view anchor,
                    std::string_view text) {
  return "<text class=\"" + std::string(kind) + "\" x=\"" + number(x) + "\" y=\"" + number(y) +
         "\" text-anchor=\"" + std::string(anchor) + "\">" + html_text(text) + "</text>";
}

double highest(const BarPlot& plot) {
  double most = 0.0;
  for (std::size_t day = 0; day < plot.labels.size(); ++day) {
    double sum = 0.0;
    for (const BarSeries& series : plot.series) {
      sum += series.values[day];
      most = std::max(most, plot.stacked ? sum : series.values[day]);
    }
  }
  return most;
}

std::string axes(const BarPlot& plot, const PlotAxis& axis) {
  std::string out;
  for (int i = 0; i <= static_cast<int>(std::lround(axis.top / axis.step)); ++i) {
    const double value = axis.step * i;
    const double y = top + tall * (1.0 - value / axis.top);
    out += "<line class=\"grid\" x1=\"" + number(left) + "\" x2=\"" + number(wide - right) +
           "\" y1=\"" + number(y) + "\" y2=\"" + number(y) + "\"/>";
    out += text_at("soft", left - 6, y + 4, "end",
                   short_number(value) + (plot.unit.empty() ? "" : " " + plot.unit));
  }
  const std::size_t count = plot.labels.size();
  const std::size_t every = std::max<std::size_t>(1, (count + labels_max - 1) / labels_max);
  for (std::size_t day = 0; day < count; day += every)
    out += text_at("soft",
                   left + field * (static_cast<double>(day) + 0.5) / static_cast<double>(count),
                   top + tall + 16, "middle", plot.labels[day]);
  return out;
}

std::string bar(double x, double y, double width, double height, std::size_t colour,
                const std::string& tip) {
  return "<rect class=\"c" + std::to_string(colour) + "\" x=\"" + number(x, 2) + "\" y=\"" +
         number(y, 2) + "\" width=\"" + number(width, 2) + "\" height=\"" + number(height, 2) +
         "\"><title>" + html_text(tip) + "</title></rect>";
}

}  // namespace

std::string html_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
    }
  }
  return out;
}

PlotAxis plot_axis(double value) {
  if (!(value > 0.0) || !std::isfinite(value)) return {};
  const double rough = value / 4.0;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  double step = 10.0 * power;
  for (const double factor : {5.0, 2.0, 1.0})
    if (factor * power >= rough * (1.0 - 1e-9)) step = factor * power;
  return {.top = step * std::ceil(value / step - 1e-9), .step = step};
}

std::string bar_plot_svg(const BarPlot& plot) {
  std::string out = "<svg viewBox=\"0 0 " + number(wide, 0) + " " + number(top + tall + bottom, 0) +
                    "\" role=\"img\" aria-label=\"" + html_text(plot.title) + "\">";
  out += text_at("title", 0, 16, "start", plot.title);
  const PlotAxis axis = plot_axis(std::max(highest(plot), plot.at_least));
  out += axes(plot, axis);
  const auto count = static_cast<double>(plot.labels.size());
  const double slot = field / std::max(1.0, count);
  const double share = plot.stacked ? 1.0 : static_cast<double>(plot.series.size());
  const double width = std::min(40.0, slot * 0.8 / share);
  for (std::size_t day = 0; day < plot.labels.size(); ++day) {
    const double middle = left + slot * (static_cast<double>(day) + 0.5);
    double base = top + tall;
    for (std::size_t i = 0; i < plot.series.size(); ++i) {
      const double value = plot.series[i].values[day];
      const double height = tall * value / axis.top;
      const double x =
          plot.stacked ? middle - width / 2 : middle + width * (static_cast<double>(i) - share / 2);
      if (height > 0.0)
        out += bar(x, base - height, width, height, i,
                   plot.labels[day] + ", " + plot.series[i].name + ": " +
                       number(value, value < 100.0 ? 4 : 0) +
                       (plot.unit.empty() ? "" : " " + plot.unit));
      if (plot.stacked) base -= height;
    }
  }
  double x = left;
  for (std::size_t i = 0; i < plot.series.size(); ++i) {
    const double y = top + tall + 36;
    out += "<rect class=\"c" + std::to_string(i) + "\" x=\"" + number(x) + "\" y=\"" +
           number(y - 9) + "\" width=\"10\" height=\"10\"/>";
    out += text_at("soft", x + 15, y, "start", plot.series[i].name);
    x += 36 + 6.6 * static_cast<double>(plot.series[i].name.size());
  }
  return out + "</svg>\n";
}

}  // namespace croft

#pragma once
/// Bars over days, as SVG for the ledger's report. Colours come from the page (report_page.cpp).

#include <string>
#include <string_view>
#include <vector>

namespace croft {

struct BarSeries {
  std::string name;
  std::vector<double> values;  ///< as many as labels, none negative
};

struct BarPlot {
  std::string title;
  std::string unit;  ///< behind the numbers of the axis: "%", "USD"; may be empty
  std::vector<std::string> labels;
  std::vector<BarSeries> series;  ///< at most 4: there are as many colours
  bool stacked = true;            ///< on top of each other, else side by side
  double at_least = 0.0;          ///< the axis reaches so far
};

/// One <svg> element with a title for screen readers and a tooltip on each bar.
[[nodiscard]] std::string bar_plot_svg(const BarPlot& plot);

/// A number that is at least `value`, and steps from 0 to it that people like to read: 1, 2 or 5
/// times a power of ten. Exposed for its test.
struct PlotAxis {
  double top = 1.0;
  double step = 0.25;
};
[[nodiscard]] PlotAxis plot_axis(double value);

/// & < > " ' and control characters made harmless, for element text and attributes.
[[nodiscard]] std::string html_text(std::string_view text);

}  // namespace croft

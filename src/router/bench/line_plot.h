#pragma once
/// Lines over shares, as SVG: frontiers of routers, and what a mix of tasks gives.

#include <string>
#include <vector>

namespace croft {

struct PlotPoint {
  double x = 0.0;
  double y = 0.0;
  double low = 0.0;  ///< ends of the band; equal to y where there is none
  double high = 0.0;
};

struct PlotLine {
  std::string name;
  std::vector<PlotPoint> points;  ///< ascending x
  bool dashed = false;            ///< a limit that no router is: random, oracle
  bool band = false;              ///< draw low to high
};

struct LinePlot {
  std::string title;
  std::string subtitle;
  std::string x_label;
  std::string y_label;
  double y_min = 0.0;  ///< x goes from 0 to 1
  double y_max = 1.0;
  std::vector<PlotLine> lines;  ///< at most 7: there are as many colours
};

/// A whole SVG document, both axes in per cent. Follows the reader's light or dark mode.
[[nodiscard]] std::string line_plot_svg(const LinePlot& plot);

/// Ends for the y axis that hold all lines and bands with some room, at whole 5 %.
void fit_y_axis(LinePlot& plot);

}  // namespace croft

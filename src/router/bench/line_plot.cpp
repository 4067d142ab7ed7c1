#include "router/bench/line_plot.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string_view>

namespace croft {
namespace {

// Pixels of the drawing.
constexpr double left = 66, top = 62, wide = 540, tall = 360;
constexpr double legend_top = top + tall + 62, legend_step = 18;
constexpr double width = left + wide + 24;
constexpr std::size_t colours_count = 7;

constexpr const char* kStyle =
    R"(<style>
.paper{fill:#ffffff}.ink{fill:#1f2328}.soft{fill:#57606a}.grid{stroke:#d8dee4}.axis{stroke:#57606a}
text{font:12px system-ui,sans-serif}.title{font-size:15px;font-weight:600}.small{font-size:11px}
.line{fill:none;stroke-width:1.8}.dashed{stroke-dasharray:5 4;stroke-width:1.3}.band{opacity:.16;stroke:none}
.s0{stroke:#57606a}.s1{stroke:#b35900}.s2{stroke:#7a5bb5}.s3{stroke:#2a6fb0}.s4{stroke:#1b6f5a}.s5{stroke:#a8326b}.s6{stroke:#b3261e}
.f0{fill:#57606a}.f1{fill:#b35900}.f2{fill:#7a5bb5}.f3{fill:#2a6fb0}.f4{fill:#1b6f5a}.f5{fill:#a8326b}.f6{fill:#b3261e}
@media (prefers-color-scheme:dark){.paper{fill:#0d1117}.ink{fill:#e6edf3}.soft{fill:#9da7b3}.grid{stroke:#2a313a}.axis{stroke:#9da7b3}
.s0{stroke:#9da7b3}.s1{stroke:#f0a35e}.s2{stroke:#b9a3ec}.s3{stroke:#79b8f0}.s4{stroke:#63c7a8}.s5{stroke:#f08bb8}.s6{stroke:#ff8a80}
.f0{fill:#9da7b3}.f1{fill:#f0a35e}.f2{fill:#b9a3ec}.f3{fill:#79b8f0}.f4{fill:#63c7a8}.f5{fill:#f08bb8}.f6{fill:#ff8a80}}
</style>
)";

std::string text_of(double value, int decimals) {
  char text[48];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

std::string xml_text(std::string_view text) {
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
      default:
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return out;
}

std::string label(std::string_view kind, double x, double y, std::string_view anchor,
                  std::string_view text) {
  return "<text class=\"" + std::string(kind) + "\" x=\"" + text_of(x, 1) + "\" y=\"" +
         text_of(y, 1) + "\" text-anchor=\"" + std::string(anchor) + "\">" + xml_text(text) +
         "</text>\n";
}

std::string rule(std::string_view kind, double x1, double y1, double x2, double y2) {
  return "<line class=\"" + std::string(kind) + "\" x1=\"" + text_of(x1, 1) + "\" y1=\"" +
         text_of(y1, 1) + "\" x2=\"" + text_of(x2, 1) + "\" y2=\"" + text_of(y2, 1) + "\"/>\n";
}

/// Maps shares to pixels; what lies outside the field is moved to its edge.
class Field {
 public:
  explicit Field(const LinePlot& plot) : plot_(plot) {}
  [[nodiscard]] double x(double share) const { return left + wide * std::clamp(share, 0.0, 1.0); }
  [[nodiscard]] double y(double value) const {
    const double part = (value - plot_.y_min) / (plot_.y_max - plot_.y_min);
    return top + tall * (1.0 - std::clamp(part, 0.0, 1.0));
  }
  [[nodiscard]] std::string point(double share, double value) const {
    return text_of(x(share), 1) + "," + text_of(y(value), 1);
  }

  [[nodiscard]] std::string frame() const {
    std::string out;
    for (int step = 0; step <= 10; ++step) {
      const double at = step / 10.0;
      out += rule("grid", x(at), top, x(at), top + tall);
      if (step % 2 == 0)
        out += label("soft small", x(at), top + tall + 16, "middle", text_of(100 * at, 0) + " %");
    }
    const double range = plot_.y_max - plot_.y_min;
    const double step = range > 0.5 ? 0.1 : range > 0.25 ? 0.05 : range > 0.1 ? 0.02 : 0.01;
    for (double at = std::ceil(plot_.y_min / step - 1e-9) * step; at <= plot_.y_max + 1e-9;
         at += step) {
      out += rule("grid", left, y(at), left + wide, y(at));
      out += label("soft small", left - 8, y(at) + 4, "end", text_of(100 * at, 0) + " %");
    }
    out += rule("axis", left, top + tall, left + wide, top + tall);
    out += label("ink", left + wide / 2, top + tall + 38, "middle", plot_.x_label);
    out += "<text class=\"ink\" text-anchor=\"middle\" transform=\"translate(16 " +
           text_of(top + tall / 2, 1) + ") rotate(-90)\">" + xml_text(plot_.y_label) + "</text>\n";
    return out;
  }

  [[nodiscard]] std::string line(const PlotLine& line, std::size_t colour) const {
    const std::string number = std::to_string(colour);
    std::string out, points;
    if (line.band) {
      for (const PlotPoint& at : line.points) points += point(at.x, at.high) + " ";
      for (auto at = line.points.rbegin(); at != line.points.rend(); ++at)
        points += point(at->x, at->low) + " ";
      out += "<polygon class=\"band f" + number + "\" points=\"" + points + "\"/>\n";
      points.clear();
    }
    for (const PlotPoint& at : line.points) points += point(at.x, at.y) + " ";
    return out + "<polyline class=\"line s" + number + (line.dashed ? " dashed" : "") +
           "\" points=\"" + points + "\"/>\n";
  }

 private:
  const LinePlot& plot_;
};

std::string legend(const LinePlot& plot) {
  std::string out;
  for (std::size_t i = 0; i < plot.lines.size() && i < colours_count; ++i) {
    const double x = left + static_cast<double>(i % 2) * wide / 2;
    const double y = legend_top + legend_step * static_cast<double>(i / 2);
    out += rule("line s" + std::to_string(i) + (plot.lines[i].dashed ? " dashed" : ""), x, y - 4,
                x + 26, y - 4);
    out += label("ink small", x + 34, y, "start", plot.lines[i].name);
  }
  return out;
}

}  // namespace

void fit_y_axis(LinePlot& plot) {
  double least = 1.0, most = 0.0;
  for (const PlotLine& line : plot.lines)
    for (const PlotPoint& at : line.points) {
      least = std::min(least, line.band ? at.low : at.y);
      most = std::max(most, line.band ? at.high : at.y);
    }
  // Without lines the field is whole.
  if (least > most) std::swap(least, most);
  plot.y_min = std::max(0.0, std::floor(least * 20.0) / 20.0);
  plot.y_max = std::min(1.0, std::ceil(most * 20.0) / 20.0);
  if (plot.y_max <= plot.y_min) plot.y_max = plot.y_min + 0.05;
}

std::string line_plot_svg(const LinePlot& plot) {
  const auto legend_rows =
      static_cast<double>((std::min(plot.lines.size(), colours_count) + 1) / 2);
  const double height = legend_top + legend_step * legend_rows + 6;
  const std::string size = text_of(width, 0) + " " + text_of(height, 0);
  const Field field(plot);
  std::string out = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + size +
                    "\" width=\"" + text_of(width, 0) + "\" height=\"" + text_of(height, 0) +
                    "\" role=\"img\" aria-labelledby=\"title\">\n" + kStyle +
                    "<title id=\"title\">" + xml_text(plot.title) +
                    "</title>\n<rect class=\"paper\" width=\"" + text_of(width, 0) +
                    "\" height=\"" + text_of(height, 0) + "\"/>\n";
  out += label("ink title", 16, 24, "start", plot.title);
  out += label("soft small", 16, 42, "start", plot.subtitle);
  out += field.frame();
  for (std::size_t i = 0; i < plot.lines.size() && i < colours_count; ++i)
    out += field.line(plot.lines[i], i);
  return out + legend(plot) + "</svg>\n";
}

}  // namespace croft

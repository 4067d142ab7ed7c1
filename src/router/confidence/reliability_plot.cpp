#include "router/confidence/reliability_plot.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>

namespace croft {
namespace {

// Pixels of the drawing. The upper field is square, so that the diagonal is one.
constexpr double width = 500, height = 636;
constexpr double left = 64, top = 74, side = 400;
constexpr double counts_top = top + side + 22, counts_height = 76;

constexpr const char* kHead =
    R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 500 636" width="500" height="636" role="img" aria-labelledby="title">
<style>
.paper{fill:#ffffff}.ink{fill:#1f2328}.soft{fill:#57606a}.bar{fill:#9fc3b7}.dot{fill:#1b6f5a}
.grid{stroke:#d8dee4;stroke-width:1}.axis{stroke:#57606a;stroke-width:1}
.whisker{stroke:#1b6f5a;stroke-width:1.6}.ideal{stroke:#57606a;stroke-width:1.2;stroke-dasharray:5 4}
.limit{stroke:#b3261e;stroke-width:1.6}.limit-ink{fill:#b3261e}
text{font:12px system-ui,sans-serif}.title{font-size:15px;font-weight:600}.small{font-size:11px}
@media (prefers-color-scheme:dark){.paper{fill:#0d1117}.ink{fill:#e6edf3}.soft{fill:#9da7b3}
.bar{fill:#2f5d50}.dot{fill:#63c7a8}.grid{stroke:#2a313a}.axis{stroke:#9da7b3}.whisker{stroke:#63c7a8}
.ideal{stroke:#9da7b3}.limit{stroke:#ff8a80}.limit-ink{fill:#ff8a80}}
</style>
<rect class="paper" width="500" height="636"/>
)";

std::string fixed_text(double value, int decimals) {
  char text[48];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

std::string xml_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (static_cast<unsigned char>(c) < 0x20)
      out += ' ';  // most controls are no characters of XML
    else
      out += c;
  }
  return out;
}

std::string line(const char* kind, double x1, double y1, double x2, double y2) {
  return "<line class=\"" + std::string(kind) + "\" x1=\"" + fixed_text(x1, 1) + "\" y1=\"" +
         fixed_text(y1, 1) + "\" x2=\"" + fixed_text(x2, 1) + "\" y2=\"" + fixed_text(y2, 1) +
         "\"/>\n";
}

std::string label(const char* kind, double x, double y, const char* anchor, std::string_view text) {
  return "<text class=\"" + std::string(kind) + "\" x=\"" + fixed_text(x, 1) + "\" y=\"" +
         fixed_text(y, 1) + "\" text-anchor=\"" + anchor + "\">" + xml_text(text) + "</text>\n";
}

double x_of(double score) {
  return left + side * score;
}
double y_of(double share) {
  return top + side * (1.0 - share);
}

std::string frame() {
  std::string out;
  for (int step = 0; step <= 5; ++step) {
    const double at = 0.2 * step;
    out += line("grid", x_of(at), top, x_of(at), top + side);
    out += line("grid", left, y_of(at), left + side, y_of(at));
    out += label("soft small", left - 8, y_of(at) + 4, "end", fixed_text(100 * at, 0) + " %");
    out +=
        label("soft small", x_of(at), counts_top + counts_height + 16, "middle", fixed_text(at, 1));
  }
  out += line("ideal", x_of(0), y_of(0), x_of(1), y_of(1));
  out += line("axis", left, top + side, left + side, top + side);
  out += line("axis", left, counts_top + counts_height, left + side, counts_top + counts_height);
  out += label("ink", left + side / 2, counts_top + counts_height + 36, "middle",
               "score: P(acceptable) by the model");
  out += "<text class=\"ink\" text-anchor=\"middle\" transform=\"translate(16 " +
         fixed_text(top + side / 2, 1) + ") rotate(-90)\">share that was acceptable</text>\n";
  return out;
}

std::string bins(const HeldOut& held_out) {
  std::int64_t most = 1;
  for (const ReliabilityBin& bin : held_out.bins) most = std::max(most, bin.count);
  std::string out;
  for (const ReliabilityBin& bin : held_out.bins) {
    if (bin.count == 0) continue;
    const double tall = counts_height * static_cast<double>(bin.count) / static_cast<double>(most);
    const double x = x_of(bin.low) + 2, wide = x_of(bin.high) - x_of(bin.low) - 4;
    out += "<rect class=\"bar\" x=\"" + fixed_text(x, 1) + "\" y=\"" +
           fixed_text(counts_top + counts_height - tall, 1) + "\" width=\"" + fixed_text(wide, 1) +
           "\" height=\"" + fixed_text(tall, 1) + "\"/>\n";
    out += label("soft small", x + wide / 2, counts_top + counts_height - tall - 3, "middle",
                 std::to_string(bin.count));
    const double at = x_of(bin.score_mean);
    out += line("whisker", at, y_of(bin.interval.low), at, y_of(bin.interval.high));
    for (const double end : {bin.interval.low, bin.interval.high})
      out += line("whisker", at - 4, y_of(end), at + 4, y_of(end));
    out += "<circle class=\"dot\" cx=\"" + fixed_text(at, 1) + "\" cy=\"" +
           fixed_text(y_of(bin.acceptable_mean), 1) + "\" r=\"4\"/>\n";
  }
  return out;
}

std::string threshold(double at) {
  // The words stand where the line leaves them room.
  const bool left_half = at < 0.5;
  return line("limit", x_of(at), top - 6, x_of(at), counts_top + counts_height) +
         label("limit-ink small", x_of(at) + (left_half ? 5 : -5), top - 8,
               left_half ? "start" : "end", "served locally from " + fixed_text(at, 3));
}

std::string headings(const Calibration& calibration) {
  const HeldOut& seen = calibration.held_out;
  std::string under = "held-out answers: " + std::to_string(seen.rows) + ", served locally " +
                      fixed_text(100 * seen.coverage, 1) + " %, risk among them " +
                      fixed_text(100 * seen.risk, 2) + " %, ECE " + fixed_text(seen.ece, 3);
  const std::string task = calibration.task.empty() ? "" : ", task " + calibration.task;
  const std::string head = "Reliability of the local answer's score" + task;
  return "<title id=\"title\">" + xml_text(head) + "</title>\n" +
         label("ink title", left - 40, 22, "start", head) +
         label("soft small", left - 40, 39, "start", under);
}

}  // namespace

std::string reliability_plot(const Calibration& calibration) {
  static_assert(width == 500 && height == 636);  // as kHead says
  const auto point = static_cast<std::size_t>(calibration.decide_at);
  return kHead + headings(calibration) + frame() + threshold(calibration.rule.thresholds[point]) +
         bins(calibration.held_out) +
         label("soft small", left - 40, height - 8, "start",
               "whiskers: " + fixed_text(100 * calibration.confidence, 1) +
                   " % interval of each bin; dashed: a perfect score; bars: answers per bin") +
         "</svg>\n";
}

}  // namespace croft

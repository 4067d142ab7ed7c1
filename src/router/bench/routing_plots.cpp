#include <algorithm>
#include <utility>

#include "router/bench/line_plot.h"
#include "router/bench/routing_page.h"

namespace croft {
namespace {

PlotLine frontier_line(const RouterFigures& router) {
  PlotLine line{.name = router.name, .points = {}, .dashed = false, .band = true};
  for (const FrontierPoint& at : router.frontier.curve)
    line.points.push_back({at.escalated, at.quality, at.interval.low, at.interval.high});
  if (router.key == "random" || router.key == "oracle") {
    line.dashed = true;
    line.band = false;
  }
  return line;
}

NamedPlot frontier_plot(const std::string& stem, std::string title,
                        const std::vector<RouterFigures>& routers, std::size_t rows) {
  LinePlot plot;
  plot.title = std::move(title);
  plot.subtitle =
      std::to_string(rows) + " rows; bands: 95 % intervals by bootstrap, point by point";
  plot.x_label = "share escalated to the strong model";
  plot.y_label = "share of answers that are right";
  for (const RouterFigures& router : routers) plot.lines.push_back(frontier_line(router));
  fit_y_axis(plot);
  return {routing_file_name(stem, ".svg"), line_plot_svg(plot)};
}

NamedPlot sweep_plot(const MixReport& mix) {
  LinePlot plot;
  const std::string& hard = mix.tasks[mix.hardest];
  plot.title = "Mixes of tasks, local model " + mix.local;
  plot.subtitle = "the other tasks keep their proportions; bands: 95 % intervals by bootstrap";
  plot.x_label = "share of " + hard + " in the mix";
  plot.y_label = "share";
  PlotLine local{.name = "answered locally", .points = {}, .dashed = false, .band = true};
  PlotLine saved{
      .name = "of the all-cloud cost saved", .points = {}, .dashed = false, .band = true};
  PlotLine kept{
      .name = "of the all-cloud quality kept", .points = {}, .dashed = false, .band = true};
  const auto add = [](PlotLine& line, double x, const Estimate& figure) {
    if (figure.value) line.points.push_back({x, *figure.value, figure.low, figure.high});
  };
  for (const MixPoint& at : mix.sweep) {
    const double x = at.weights[mix.hardest];
    add(local, x, at.figures.local);
    add(saved, x, at.figures.saved);
    add(kept, x, at.figures.kept);
  }
  plot.lines = {std::move(kept), std::move(saved), std::move(local)};
  return {routing_file_name("route-mix-" + mix.local, ".svg"), line_plot_svg(plot)};
}

}  // namespace

std::string routing_file_name(std::string_view stem, std::string_view ending) {
  std::string out;
  for (const char c : stem) {
    const bool lower = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    const bool upper = c >= 'A' && c <= 'Z';
    out += lower ? c : upper ? static_cast<char>(c + 32) : '-';
  }
  return out + std::string(ending);
}

std::vector<NamedPlot> routing_plots(const RoutingNumbers& numbers) {
  std::vector<NamedPlot> out;
  for (const PublishedReport& set : numbers.published)
    out.push_back(frontier_plot("route-routellm-" + set.name,
                                "RouteLLM's " + set.name + " outcomes, gates only", set.routers,
                                set.accuracy.rows));
  for (const PairReport& pair : numbers.pairs)
    out.push_back(frontier_plot("route-" + pair.task + "-" + pair.local,
                                pair.task + ": " + pair.local + " before " + pair.cloud,
                                pair.routers, pair.accuracy.rows));
  for (const MixReport& mix : numbers.mixes)
    if (!mix.sweep.empty()) out.push_back(sweep_plot(mix));
  return out;
}

}  // namespace croft

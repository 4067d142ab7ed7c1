#include "router/bench/routellm_columns.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "io/quote_foreign.h"
#include "router/bench/csv_table.h"
#include "router/bench/read_input.h"

namespace croft {
namespace {

constexpr std::string_view kWeak = "mistralai/Mixtral-8x7B-Instruct-v0.1";
constexpr std::string_view kStrong = "gpt-4-1106-preview";

Result<double> outcome(const std::string& text, const std::string& place) {
  if (text == "True") return 1.0;
  if (text == "False") return 0.0;
  return fail(ErrorCode::InvalidArgument,
              place + ": the outcome " + quote_foreign(text) + " is neither True nor False");
}

Result<void> add_file(const std::filesystem::path& path, RouteLlmSet& out) {
  const std::string text = TRY(read_input(path));
  const CsvTable table = TRY(parse_csv(text, path.string()));
  const auto prompt = table.column("prompt");
  const auto weak = table.column(kWeak), strong = table.column(kStrong);
  if (!prompt || !weak || !strong)
    return fail(ErrorCode::InvalidArgument, path.string() + " lacks one of the columns prompt, " +
                                                std::string(kWeak) + " and " +
                                                std::string(kStrong));
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const auto& row = table.rows[i];
    const std::string id = path.stem().string() + "/" + std::to_string(i);
    out.pairs.weak.push_back(TRY(outcome(row[*weak], id)));
    out.pairs.strong.push_back(TRY(outcome(row[*strong], id)));
    out.pairs.prompts.push_back(row[*prompt]);
    out.pairs.ids.push_back(id);
  }
  ++out.files;
  return {};
}

std::optional<RouteLlmSet> unless_empty(RouteLlmSet set) {
  if (set.pairs.size() == 0) return std::nullopt;
  return set;
}

}  // namespace

Result<std::optional<RouteLlmSet>> read_routellm_mmlu(const std::filesystem::path& folder) {
  RouteLlmSet out;
  for (const auto& path : TRY(input_files(folder / "mmlu" / "responses", ".csv")))
    TRY(add_file(path, out));
  return unless_empty(std::move(out));
}

Result<std::optional<RouteLlmSet>> read_routellm_gsm8k(const std::filesystem::path& folder) {
  RouteLlmSet out;
  const auto path = folder / "gsm8k" / "gsm8k_responses.csv";
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored)) TRY(add_file(path, out));
  return unless_empty(std::move(out));
}

}  // namespace croft

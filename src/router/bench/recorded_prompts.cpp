#include "router/bench/recorded_prompts.h"

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "router/bench/csv_table.h"
#include "router/bench/read_input.h"

namespace croft {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> lacks(const fs::path& path, std::string_view what) {
  return fail(ErrorCode::InvalidArgument, path.string() + " lacks " + std::string(what));
}

Result<void> add_banking(const fs::path& path, PromptsById& out) {
  const std::string text = TRY(read_input(path));
  const CsvTable table = TRY(parse_csv(text, path.string()));
  const auto column = table.column("text");
  if (!column) return lacks(path, "the column \"text\"");
  for (std::size_t i = 0; i < table.rows.size(); ++i)
    out.emplace(std::to_string(i), table.rows[i][*column]);
  return {};
}

/// The words of a receipt: behind the eight corners of each box.
Result<void> add_receipt(const fs::path& path, PromptsById& out) {
  const std::string text = TRY(read_input(path));
  std::string words;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    std::size_t corners = 0;
    for (; corners < 8 && line.find(',') != std::string_view::npos; ++corners)
      line.remove_prefix(line.find(',') + 1);
    if (corners == 8) words += std::string(line) + "\n";
  }
  out.emplace(path.stem().string(), std::move(words));
  return {};
}

/// Calls `add(number, object)` for each line.
template <typename Add>
Result<void> each_line(const fs::path& path, Add&& add) {
  const std::string text = TRY(read_input(path));
  std::size_t number = 0;
  for (std::string_view rest = text; !rest.empty(); ++number) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const json::value value =
        TRY(parse_json(line, path.string() + ":" + std::to_string(number + 1)));
    TRY(add(number, value));
  }
  return {};
}

Result<void> add_problems(const fs::path& path, const std::string& part, PromptsById& out) {
  return each_line(path, [&](std::size_t number, const json::value& row) -> Result<void> {
    const auto question = find_string(row, "question");
    if (!question) return lacks(path, "\"question\" in a line");
    out.emplace(part + "/" + std::to_string(number), *question);
    return {};
  });
}

Result<void> add_code(const fs::path& path, std::string_view prefix, PromptsById& out) {
  return each_line(path, [&](std::size_t, const json::value& row) -> Result<void> {
    const auto id = find_string(row, "task_id"), prompt = find_string(row, "prompt");
    if (!id || !prompt) return lacks(path, "\"task_id\" or \"prompt\" in a line");
    std::string_view name = *id;
    if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
    const auto suffix = find_string(row, "suffix");
    std::string text(*prompt);
    if (suffix) text += "\n" + std::string(*suffix);
    out.emplace(std::string(name), std::move(text));
    return {};
  });
}

}  // namespace

Result<std::optional<PromptsById>> read_recorded_prompts(std::string_view task,
                                                         const fs::path& data) {
  PromptsById out;
  std::error_code ignored;
  const auto has = [&](const fs::path& path) { return fs::exists(path, ignored); };
  if (task == "banking77") {
    const fs::path path = data / "banking77" / "train.csv";
    if (has(path)) TRY(add_banking(path, out));
  } else if (task == "sroie") {
    for (const auto& path : TRY(input_files(data / "sroie" / "box", ".csv")))
      TRY(add_receipt(path, out));
  } else if (task == "gsm8k") {
    for (const auto& [part, name] :
         {std::pair<const char*, const char*>{"test", "test_first_half.jsonl"},
          std::pair<const char*, const char*>{"train", "train.jsonl"}})
      if (const fs::path path = data / "gsm8k" / name; has(path))
        TRY(add_problems(path, part, out));
  } else if (task == "humaneval") {
    const fs::path path = data / "humaneval" / "HumanEval.jsonl.gz";
    if (has(path)) TRY(add_code(path, "HumanEval/", out));
  } else if (task == "infill") {
    const fs::path path = data / "humaneval-infilling" / "HumanEval-SingleLineInfilling.jsonl.gz";
    if (has(path)) TRY(add_code(path, "SingleLineInfilling/", out));
  }
  if (out.empty()) return std::nullopt;
  return out;
}

}  // namespace croft

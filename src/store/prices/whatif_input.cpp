#include "store/prices/whatif_input.h"

#include <array>
#include <charconv>
#include <functional>
#include <span>

#include "base/checked.h"
#include "base/json.h"
#include "router/bench/csv_table.h"

namespace croft {
namespace {

constexpr std::array<std::string_view, 2> prompt_names = {"prompt_tokens", "input_tokens"};
constexpr std::array<std::string_view, 2> answer_names = {"completion_tokens", "output_tokens"};
constexpr std::array<std::string_view, 2> cached_names = {"cached_tokens", "input_cached_tokens"};
constexpr std::array<std::string_view, 2> request_names = {"requests", "num_model_requests"};
constexpr std::string_view anthropic_read = "cache_read_input_tokens";
constexpr std::string_view anthropic_write = "cache_creation_input_tokens";
// A row beyond that is no count of tokens.
constexpr std::uint64_t count_max = 1'000'000'000'000'000;

/// A count by its name; none where the row has no such field. Errors: a field that is no count.
using Lookup = std::function<Result<std::optional<std::uint64_t>>(std::string_view name)>;

Result<std::optional<std::uint64_t>> first_of(const Lookup& look,
                                              std::span<const std::string_view> names) {
  for (const std::string_view name : names) {
    auto value = TRY(look(name));
    if (value) return value;
  }
  return std::optional<std::uint64_t>{};
}

Result<void> add_row(WhatifWork& work, const Lookup& look, const std::string& place,
                     const PriceList& list, std::string_view provider, std::string_view model) {
  const auto prompt = TRY(first_of(look, prompt_names));
  const auto answer = TRY(first_of(look, answer_names));
  if (!prompt || !answer)
    return fail(ErrorCode::InvalidArgument,
                place + " has no " + (prompt ? "completion_tokens" : "prompt_tokens"),
                prompt ? "output_tokens is understood too" : "input_tokens is understood too");
  const auto read = TRY(look(anthropic_read));
  const auto written = TRY(look(anthropic_write));
  const auto cached = TRY(first_of(look, cached_names));
  const std::uint64_t requests = TRY(first_of(look, request_names)).value_or(1);
  BilledTokens tokens{.cached_input = read.value_or(cached.value_or(0)),
                      .cache_write = written.value_or(0),
                      .output = *answer};
  tokens.input = *prompt;
  if (!read && !written) {  // the cached ones are among those of the prompt
    if (tokens.cached_input > *prompt)
      return fail(ErrorCode::InvalidArgument,
                  place + " has more cached tokens than its prompt has");
    tokens.input -= tokens.cached_input;
  }
  if (requests == 0 && (tokens.prompt() != 0 || tokens.output != 0))
    return fail(ErrorCode::InvalidArgument, place + " has tokens, but 0 requests");
  return work.add(tokens, requests, list, provider, model);
}

Result<WhatifWork> read_csv(std::string_view text, std::string_view what, const PriceList& list,
                            std::string_view provider, std::string_view model) {
  const CsvTable table = TRY(parse_csv(text, what));
  WhatifWork work;
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const std::string place = std::string(what) + ", row " + std::to_string(i + 1);
    const Lookup look = [&](std::string_view name) -> Result<std::optional<std::uint64_t>> {
      const auto column = table.column(name);
      if (!column || table.rows[i][*column].empty()) return std::optional<std::uint64_t>{};
      const std::string& cell = table.rows[i][*column];
      std::uint64_t value = 0;
      const auto [end, problem] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
      if (problem != std::errc() || end != cell.data() + cell.size() || value > count_max)
        return fail(ErrorCode::InvalidArgument,
                    place + ", column " + std::string(name) + " is no count of tokens");
      return std::optional<std::uint64_t>(value);
    };
    TRY(add_row(work, look, place, list, provider, model));
  }
  return work;
}

Result<WhatifWork> read_jsonl(std::string_view text, std::string_view what, const PriceList& list,
                              std::string_view provider, std::string_view model) {
  WhatifWork work;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const std::string place = std::string(what) + ", line " + std::to_string(number);
    const json::value row = TRY(parse_json(line, place));
    const json::value* usage = find(row, "usage");
    const json::value* details = usage == nullptr ? nullptr : find(*usage, "prompt_tokens_details");
    const Lookup look = [&](std::string_view name) -> Result<std::optional<std::uint64_t>> {
      for (const json::value* object : {&row, usage, details}) {
        if (object == nullptr || find(*object, name) == nullptr) continue;
        const auto value = find_int(*object, name);
        if (!value || *value < 0 || static_cast<std::uint64_t>(*value) > count_max)
          return fail(ErrorCode::InvalidArgument,
                      place + ", \"" + std::string(name) + "\" is no count of tokens");
        return std::optional<std::uint64_t>(static_cast<std::uint64_t>(*value));
      }
      return std::optional<std::uint64_t>{};
    };
    TRY(add_row(work, look, place, list, provider, model));
  }
  return work;
}

}  // namespace

Result<WhatifWork> read_whatif_requests(std::string_view text, std::string_view what,
                                        const PriceList& list, std::string_view provider,
                                        std::string_view model) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos)
    return fail(ErrorCode::InvalidArgument, std::string(what) + " is empty",
                "Give CSV with a header, or JSON lines");
  return text[begin] == '{' ? read_jsonl(text, what, list, provider, model)
                            : read_csv(text, what, list, provider, model);
}

}  // namespace croft

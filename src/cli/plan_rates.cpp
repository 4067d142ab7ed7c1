#include "cli/plan_rates.h"

#include <algorithm>
#include <cmath>

#include "cli/terminal.h"

namespace croft::cli {
namespace {

constexpr std::int64_t format_version = 1;
constexpr std::size_t text_bytes_max = 512;
constexpr std::size_t entries_max = 64;
constexpr double bytes_max = 1e15;
constexpr double seconds_max = 1e4;

/// Six digits, more than a measurement has: the last digit of a longer number may change when it is
/// read (docs/notes.md, Boost.JSON 1.81), and plans made from one document must be the same.
double six_digits(double value) {
  if (value == 0.0) return 0.0;
  const double scale = std::pow(10.0, std::min(5.0 - std::floor(std::log10(value)), 22.0));
  return std::round(value * scale) / scale;
}

json::array table_json(const std::vector<StepTime>& table, std::string_view count) {
  json::array rows;
  for (const StepTime& entry : table)
    rows.push_back(json::object{{count, entry.count}, {"seconds", six_digits(entry.seconds)}});
  return rows;
}

json::object bound_json(const BoundBy& bound) {
  return {{"limit", bound.name}, {"fraction", six_digits(bound.fraction)}};
}

/// Reads members of one object; errors name document and path.
class Reader {
 public:
  Reader(const json::value& value, std::string_view what, std::string path)
      : value_(value), what_(what), path_(std::move(path)) {}

  Result<double> number(std::string_view name, double low, double high) const {
    const auto found = find_number(value_, name);
    if (!found) return wrong(name, "is missing or no number");
    if (!std::isfinite(*found) || *found < low || *found > high)
      return wrong(name, "is " + std::to_string(*found) + ", it must lie between " +
                             json::serialize(json::value(low)) + " and " +
                             json::serialize(json::value(high)));
    return *found;
  }
  template <typename Count>
  Result<void> count(std::string_view name, double low, double high, Count& out) const {
    const double found = TRY(number(name, low, high));
    if (found != std::floor(found)) return wrong(name, "is no whole number");
    out = static_cast<Count>(found);
    return {};
  }
  Result<std::string> text(std::string_view name) const {
    const auto found = find_string(value_, name);
    if (!found || found->size() > text_bytes_max)
      return wrong(name, "is missing, no text or over 512 bytes");
    return std::string(*found);
  }
  Result<const json::array*> list(std::string_view name) const {
    const json::value* found = find(value_, name);
    if (found == nullptr || !found->is_array()) return wrong(name, "is missing or no array");
    if (found->get_array().empty() || found->get_array().size() > entries_max)
      return wrong(name, "must have 1 to 64 entries");
    return &found->get_array();
  }
  Result<Reader> object(std::string_view name) const {
    const json::value* found = find(value_, name);
    if (found == nullptr || !found->is_object()) return wrong(name, "is missing or no object");
    return Reader(*found, what_, path_ + std::string(name) + ".");
  }
  Reader entry(const json::value& value, std::string_view list, std::size_t index) const {
    return Reader(value, what_, path_ + std::string(list) + "[" + std::to_string(index) + "].");
  }
  std::unexpected<Error> wrong(std::string_view name, const std::string& why) const {
    const std::string field = path_ + std::string(name);
    return fail(ErrorCode::InvalidArgument, std::string(what_) + ": " + field + " " + why,
                "Give a document that `croft plan --json` printed.", field);
  }

 private:
  const json::value& value_;
  std::string_view what_;
  std::string path_;
};

Result<std::vector<StepTime>> read_table(const Reader& reader, std::string_view name,
                                         std::string_view count) {
  std::vector<StepTime> table;
  for (const json::value& row : *TRY(reader.list(name))) {
    const Reader entry = reader.entry(row, name, table.size());
    StepTime time;
    TRY(entry.count(count, 1, 1e6, time.count));
    time.seconds = TRY(entry.number("seconds", 1e-9, seconds_max));
    table.push_back(time);
  }
  return table;
}

Result<StepRates> read_steps(const Reader& reader) {
  StepRates steps;
  steps.prompt = TRY(read_table(reader, "prompt_steps", "tokens"));
  steps.answers = TRY(read_table(reader, "answer_steps", "sequences"));
  TRY(reader.count("answer_steps_depth", 0, 1e6, steps.answers_depth));
  steps.prompt_position_s = TRY(reader.number("prompt_position_seconds", 0, 1));
  steps.answer_position_s = TRY(reader.number("answer_position_seconds", 0, 1));
  steps.request_overhead_s = TRY(reader.number("request_overhead_seconds", 0, 1));
  steps.step_overhead_s = TRY(reader.number("token_overhead_seconds", 0, 1));
  return steps;
}

Result<std::vector<ThreadTimes>> read_threads(const Reader& reader) {
  std::vector<ThreadTimes> threads;
  for (const json::value& row : *TRY(reader.list("threads"))) {
    const Reader entry = reader.entry(row, "threads", threads.size());
    ThreadTimes times;
    TRY(entry.count("threads", 1, 1e5, times.threads));
    if (!threads.empty() && times.threads <= threads.back().threads)
      return entry.wrong("threads", "must ascend");
    times.prompt_s = TRY(entry.number("prompt_seconds", 1e-9, seconds_max));
    times.answer_one_s = TRY(entry.number("answer_one_seconds", 1e-9, seconds_max));
    times.answers_s = TRY(entry.number("answers_seconds", 1e-9, seconds_max));
    threads.push_back(times);
  }
  return threads;
}

Result<BoundBy> read_bound(const Reader& reader, std::string_view name) {
  const Reader entry = TRY(reader.object(name));
  BoundBy bound;
  bound.name = TRY(entry.text("limit"));
  if (bound.name != "arithmetic" && bound.name != "bandwidth")
    return entry.wrong("limit", "is neither arithmetic nor bandwidth");
  bound.fraction = TRY(entry.number("fraction", 0, 1e6));
  return bound;
}

Result<MachineRates> read_rates(const Reader& reader) {
  MachineRates rates;
  if (TRY(reader.number("version", 0, 1e6)) != format_version)
    return reader.wrong("version", "is not 1: another Croft wrote this");
  rates.model = TRY(reader.text("model"));
  rates.cpu = TRY(reader.text("cpu"));
  rates.isa = TRY(reader.text("isa"));
  rates.kv_type = TRY(reader.text("kv_type"));
  TRY(reader.count("context", 1, 16'777'216, rates.context));
  rates.steps = TRY(read_steps(reader));
  rates.threads = TRY(read_threads(reader));
  const Reader bounds = TRY(reader.object("bound_by"));
  rates.prompt_bound = TRY(read_bound(bounds, "prompt"));
  rates.answer_one_bound = TRY(read_bound(bounds, "answer_one"));
  rates.answers_bound = TRY(read_bound(bounds, "answers"));
  const Reader memory = TRY(reader.object("memory"));
  TRY(memory.count("weights_bytes", 0, bytes_max, rates.weights_bytes));
  TRY(memory.count("work_bytes", 0, bytes_max, rates.work_bytes));
  TRY(memory.count("kv_page_bytes", 1, bytes_max, rates.kv_page_bytes));
  TRY(memory.count("kv_bytes_max", 1, bytes_max, rates.kv_bytes_max));
  if (auto checked = rates.steps.check(); !checked)
    return reader.wrong(checked.error().field, "cannot be used: " + checked.error().message);
  return rates;
}

}  // namespace

json::object rates_json(const MachineRates& rates) {
  json::array threads;
  for (const ThreadTimes& times : rates.threads)
    threads.push_back(json::object{{"threads", times.threads},
                                   {"prompt_seconds", six_digits(times.prompt_s)},
                                   {"answer_one_seconds", six_digits(times.answer_one_s)},
                                   {"answers_seconds", six_digits(times.answers_s)}});
  return {{"version", format_version},
          {"model", valid_utf8(rates.model)},
          {"cpu", valid_utf8(rates.cpu)},
          {"isa", rates.isa},
          {"kv_type", rates.kv_type},
          {"context", rates.context},
          {"prompt_steps", table_json(rates.steps.prompt, "tokens")},
          {"answer_steps", table_json(rates.steps.answers, "sequences")},
          {"answer_steps_depth", rates.steps.answers_depth},
          {"prompt_position_seconds", six_digits(rates.steps.prompt_position_s)},
          {"answer_position_seconds", six_digits(rates.steps.answer_position_s)},
          {"request_overhead_seconds", six_digits(rates.steps.request_overhead_s)},
          {"token_overhead_seconds", six_digits(rates.steps.step_overhead_s)},
          {"threads", std::move(threads)},
          {"bound_by", json::object{{"prompt", bound_json(rates.prompt_bound)},
                                    {"answer_one", bound_json(rates.answer_one_bound)},
                                    {"answers", bound_json(rates.answers_bound)}}},
          {"memory", json::object{{"weights_bytes", rates.weights_bytes},
                                  {"work_bytes", rates.work_bytes},
                                  {"kv_page_bytes", rates.kv_page_bytes},
                                  {"kv_bytes_max", rates.kv_bytes_max}}}};
}

Result<MachineRates> parse_rates(std::string_view text, std::string_view what) {
  const json::value document = TRY(parse_json(text, what));
  const json::value* inner = find(document, "rates");
  if (inner != nullptr) return read_rates(Reader(*inner, what, "rates."));
  return read_rates(Reader(document, what, ""));
}

}  // namespace croft::cli

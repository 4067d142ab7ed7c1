#include "router/bench/recorded_file.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <unordered_set>
#include <utility>

#include "base/json.h"
#include "io/quote_foreign.h"
#include "io/sha256.h"

namespace croft {
namespace {

constexpr std::size_t line_bytes_max = 4 * limits::MiB;
constexpr std::size_t rows_max = 1'000'000;
constexpr std::size_t tokens_max = 65'536;
constexpr std::size_t name_bytes_max = 128;
constexpr double nats_max = 100.0;  // as features are cut (answer_signals.h)

class Line {
 public:
  Line(std::string_view what, std::size_t number)
      : place_(std::string(what) + ":" + std::to_string(number)) {}

  std::unexpected<Error> wrong(const std::string& why) const {
    return fail(ErrorCode::InvalidArgument, place_ + ": " + why,
                "bench/router/README.md says what a recorded file holds.");
  }
  Result<json::object> object(std::string_view text) const {
    if (text.size() > line_bytes_max)
      return fail(ErrorCode::TooLarge, place_ + ": the line has over 4 MiB");
    json::value value = TRY(parse_json(text, place_, 16));
    if (!value.is_object()) return wrong("a line must be a JSON object");
    return std::move(value.get_object());
  }
  Result<std::string> name(const json::value& in, std::string_view key) const {
    const auto text = find_string(in, key);
    if (!text || text->empty() || text->size() > name_bytes_max)
      return wrong("\"" + std::string(key) + "\" must be a text of 1 to 128 bytes");
    return std::string(*text);
  }
  Result<std::uint32_t> count(const json::value& in, std::string_view key) const {
    const auto value = find_int(in, key);
    if (!value || *value < 0 || *value > 10'000'000)
      return wrong("\"" + std::string(key) + "\" must be a count");
    return static_cast<std::uint32_t>(*value);
  }
  /// Empty where there is none; a null is the least of the others, which is what is known of it.
  Result<std::vector<double>> numbers(const json::object& in, std::string_view key) const {
    std::vector<double> out;
    const json::value* found = find(in, key);
    if (found == nullptr) return out;
    const std::string name = "\"" + std::string(key) + "\"";
    if (!found->is_array() || found->get_array().size() > tokens_max)
      return wrong(name + " must be a list of at most 65536 numbers");
    double least = 0.0;
    bool has_any = false;
    for (const json::value& item : found->get_array()) {
      if (!item.is_null() && !item.is_number()) return wrong(name + " holds no numbers");
      const double value =
          item.is_null() ? std::nan("") : std::clamp(item.to_number<double>(), -nats_max, nats_max);
      if (!item.is_null()) least = has_any ? std::min(least, value) : value;
      has_any = has_any || !item.is_null();
      out.push_back(value);
    }
    if (!out.empty() && !has_any) return wrong(name + " holds nothing but null");
    for (double& value : out)
      if (std::isnan(value)) value = least;
    return out;
  }

 private:
  std::string place_;
};

/// Of several spans the one that ends last: what the server marks is the answer's last line.
Result<void> read_span(const Line& line, const json::object& in, RecordedAnswer& out) {
  const json::value* spans = find(in, "spans");
  if (spans == nullptr) return {};
  if (!spans->is_object()) return line.wrong("\"spans\" must be an object");
  for (const auto& member : spans->get_object()) {
    const json::array* ends = member.value().if_array();
    if (ends == nullptr || ends->size() != 2 || !ends->front().is_int64() ||
        !ends->back().is_int64())
      return line.wrong("a span must be two token numbers");
    const std::int64_t begin = ends->front().get_int64(), end = ends->back().get_int64();
    if (begin < 0 || end < begin || end > std::ssize(out.logprobs))
      return line.wrong("a span lies outside the tokens");
    if (begin == end || end <= out.span_end) continue;
    out.span_begin = static_cast<std::uint32_t>(begin);
    out.span_end = static_cast<std::uint32_t>(end);
  }
  return {};
}

Result<void> read_labels(const Line& line, const json::object& in, std::span<const double> prior,
                         RecordedAnswer& out) {
  std::vector<double> scores = TRY(line.numbers(in, "scores"));
  if (scores.empty()) return {};
  if (scores.size() < 2 || (!prior.empty() && prior.size() != scores.size()))
    return line.wrong("\"scores\" and the header's \"label_prior\" differ in length");
  for (std::size_t i = 0; i < prior.size(); ++i) scores[i] -= prior[i];
  std::ranges::sort(scores);
  out.label_margin = std::min(scores.back() - scores[scores.size() - 2], nats_max);
  return {};
}

Result<void> read_samples(const Line& line, const json::object& in, RecordedAnswer& out) {
  const json::value* found = find(in, "samples_agree");
  if (found == nullptr) return {};
  if (!found->is_array() || found->get_array().empty())
    return line.wrong("\"samples_agree\" must be a list of true and false");
  double agree = 0.0;
  for (const json::value& one : found->get_array()) {
    if (!one.is_bool()) return line.wrong("\"samples_agree\" must be a list of true and false");
    agree += one.get_bool() ? 1.0 : 0.0;
  }
  out.agreement = agree / static_cast<double>(found->get_array().size());
  return {};
}

Result<RecordedAnswer> read_answer(const Line& line, const json::object& in,
                                   std::span<const double> prior) {
  RecordedAnswer out;
  const json::value value(in);
  out.id = TRY(line.name(value, "id"));
  const auto correct = find_bool(value, "correct");
  if (!correct) return line.wrong("\"correct\" must be true or false");
  out.correct = *correct;
  out.prompt_tokens = TRY(line.count(value, "prompt_tokens"));
  out.completion_tokens = TRY(line.count(value, "completion_tokens"));
  out.logprobs = TRY(line.numbers(in, "logprobs"));
  out.margins = TRY(line.numbers(in, "margins"));
  out.entropies = TRY(line.numbers(in, "entropies"));
  for (const auto* list : {&out.margins, &out.entropies})
    if (!list->empty() && list->size() != out.logprobs.size())
      return line.wrong("\"logprobs\", \"margins\" and \"entropies\" differ in length");
  for (double& value_of : out.logprobs) value_of = std::min(value_of, 0.0);
  for (auto* list : {&out.margins, &out.entropies})
    for (double& value_of : *list) value_of = std::max(value_of, 0.0);
  TRY(read_span(line, in, out));
  TRY(read_labels(line, in, prior, out));
  TRY(read_samples(line, in, out));
  return out;
}

}  // namespace

Result<RecordedFile> parse_recorded(std::string_view text, std::string_view what) {
  RecordedFile out;
  out.digest = sha256_hex(std::as_bytes(std::span(text)));
  std::vector<double> prior;
  std::unordered_set<std::string> ids;
  std::size_t number = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view row = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const Line line(what, ++number);
    if (row.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const json::object object = TRY(line.object(row));
    if (out.task.empty()) {
      const json::value* model = find(object, "model");
      if (find(object, "header") == nullptr || model == nullptr)
        return line.wrong("the first line must be the header, with \"header\" and \"model\"");
      out.task = TRY(line.name(json::value(object), "task"));
      out.model = TRY(line.name(*model, "name"));
      out.model_digest = TRY(line.name(*model, "sha256"));
      if (const json::value* recipe = find(object, "recipe")) out.recipe = json::serialize(*recipe);
      prior = TRY(line.numbers(object, "label_prior"));
      continue;
    }
    if (out.rows.size() == rows_max)
      return fail(ErrorCode::TooLarge, std::string(what) + " has over 1000000 rows");
    out.rows.push_back(TRY(read_answer(line, object, prior)));
    if (!ids.insert(out.rows.back().id).second)
      return line.wrong("the id " + quote_foreign(out.rows.back().id) + " is there twice");
  }
  if (out.task.empty())
    return fail(ErrorCode::InvalidArgument, std::string(what) + " is empty: it needs a header");
  return out;
}

}  // namespace croft

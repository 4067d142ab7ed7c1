#include "router/confidence/labelled_answers.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <unordered_map>
#include <utility>

#include "base/json.h"
#include "io/quote_foreign.h"
#include "io/sha256.h"

namespace croft {
namespace {

constexpr std::size_t line_bytes_max = 1 * limits::MiB;
constexpr std::size_t name_bytes_max = 256;
constexpr std::size_t depth_max = 8;
constexpr double cost_max = 1e9;

/// What a row measures; all rows of a file agree.
struct RowKind {
  bool has_loss = false;
  bool has_cloud = false;
  bool has_cost = false;
  friend bool operator==(const RowKind&, const RowKind&) = default;
};

class LineReader {
 public:
  LineReader(std::string_view what, std::size_t line)
      : place_(std::string(what) + ":" + std::to_string(line) + ": ") {}

  std::unexpected<Error> wrong(const std::string& why, std::string hint = {}) const {
    return fail(ErrorCode::InvalidArgument, place_ + why, std::move(hint));
  }
  Result<json::value> document(std::string_view line) const {
    if (line.size() > line_bytes_max)
      return fail(ErrorCode::TooLarge, place_ + "the line has over 1 MiB");
    auto parsed = parse_json(line, place_.substr(0, place_.size() - 2), depth_max);
    if (!parsed) return std::unexpected(std::move(parsed).error());
    if (!parsed->is_object()) return wrong("a row must be a JSON object");
    return parsed;
  }
  Result<void> only(const json::object& object, std::string_view where,
                    std::initializer_list<std::string_view> known) const {
    for (const auto& member : object)
      if (std::ranges::find(known, std::string_view(member.key())) == known.end())
        return wrong("unknown member " + quote_foreign(member.key()) + std::string(where),
                     "Known are " + joined(known) + ".");
    return {};
  }
  Result<std::string> text(const json::object& object, std::string_view key, bool required) const {
    const json::value* found = find(object, key);
    if (found == nullptr && !required) return std::string();
    const std::string name(key);
    if (found == nullptr || !found->is_string()) return wrong("\"" + name + "\" must be a text");
    const std::string_view value = found->get_string();
    if ((required && value.empty()) || value.size() > name_bytes_max)
      return wrong("\"" + name + "\" must have 1 to 256 bytes");
    return std::string(value);
  }
  Result<double> number(const json::object& object, std::string_view key, double low,
                        double high) const {
    const json::value* found = find(object, key);
    const std::string name(key);
    if (found == nullptr || !found->is_number()) return wrong("\"" + name + "\" must be a number");
    const double value = found->to_number<double>();
    if (!(value >= low && value <= high))
      return wrong("\"" + name + "\" is " + json::serialize(json::value(value)) +
                   ", it must lie between " + json::serialize(json::value(low)) + " and " +
                   json::serialize(json::value(high)));
    return value;
  }
  Result<bool> truth(const json::object& object, std::string_view key) const {
    const json::value* found = find(object, key);
    if (found == nullptr || !found->is_bool())
      return wrong("\"" + std::string(key) + "\" must be true or false");
    return found->get_bool();
  }

 private:
  static std::string joined(std::initializer_list<std::string_view> names) {
    std::string text;
    for (const std::string_view name : names) {
      if (!text.empty()) text += ", ";
      text += name;
    }
    return text;
  }
  std::string place_;
};

Result<ConfidenceFeatures> read_features(const LineReader& reader, const json::object& object) {
  ConfidenceFeatures features;
  for (const auto& member : object) {
    const auto feature = find_confidence_feature(member.key());
    if (!feature)
      return reader.wrong("unknown feature " + quote_foreign(member.key()),
                          "docs/formats/calibration.md lists the features.");
    if (member.value().is_null()) continue;  // unknown, and said so
    const ConfidenceFeatureTraits& kind = traits(*feature);
    features[*feature] = TRY(reader.number(object, member.key(), kind.min, kind.max));
  }
  return features;
}

Result<void> read_points(const LineReader& reader, const json::object& row, LabelledAnswer& out) {
  const json::value* found = find(row, "features");
  if (found == nullptr || !found->is_object())
    return reader.wrong("\"features\" must be an object",
                        R"(Such as {"end": {"logprob_mean": -0.2}}.)");
  for (const auto& member : found->get_object()) {
    const auto point = find_decision_point(member.key());
    if (!point)
      return reader.wrong("unknown decision point " + quote_foreign(member.key()),
                          "Known are prefill, early and end.");
    if (member.value().is_null()) continue;
    if (!member.value().is_object())
      return reader.wrong("the features of " + std::string(decision_point_text(*point)) +
                          " must be an object");
    out.features[static_cast<std::size_t>(*point)] =
        TRY(read_features(reader, member.value().get_object()));
  }
  return {};
}

Result<std::pair<LabelledAnswer, RowKind>> read_row(const LineReader& reader,
                                                    const json::object& row) {
  TRY(reader.only(row, "",
                  {"id", "task", "acceptable", "loss", "cloud_acceptable", "cost", "features"}));
  LabelledAnswer out;
  RowKind kind;
  out.id = TRY(reader.text(row, "id", true));
  out.task = TRY(reader.text(row, "task", false));
  kind.has_loss = find(row, "loss") != nullptr;
  if (kind.has_loss == (find(row, "acceptable") != nullptr))
    return reader.wrong("a row needs either \"acceptable\" or \"loss\"");
  if (kind.has_loss)
    out.loss = TRY(reader.number(row, "loss", 0.0, 1.0));
  else
    out.loss = TRY(reader.truth(row, "acceptable")) ? 0.0 : 1.0;
  kind.has_cloud = find(row, "cloud_acceptable") != nullptr;
  // Where the cloud would have failed too, nothing is lost by staying.
  if (kind.has_cloud && !TRY(reader.truth(row, "cloud_acceptable"))) out.loss = 0.0;
  kind.has_cost = find(row, "cost") != nullptr;
  if (kind.has_cost) out.cost = TRY(reader.number(row, "cost", 0.0, cost_max));
  TRY(read_points(reader, row, out));
  return std::pair(std::move(out), kind);
}

Result<void> read_header(const LineReader& reader, const json::object& header,
                         LabelledAnswers& out) {
  TRY(reader.only(header, " in the header line", {"meta"}));
  const json::value& meta = header.at("meta");
  if (!meta.is_object()) return reader.wrong("\"meta\" must be an object");
  const json::object& object = meta.get_object();
  out.model_digest = TRY(reader.text(object, "model_digest", false));
  out.template_hash = TRY(reader.text(object, "template_hash", false));
  for (const std::string* text : {&out.model_digest, &out.template_hash})
    if (!text->empty() && !is_digest_text(*text))
      return reader.wrong("the digest " + quote_foreign(*text) + " has characters of no digest");
  if (find(object, "early_tokens") != nullptr) {
    const double tokens = TRY(reader.number(object, "early_tokens", 1, early_tokens_max));
    if (tokens != std::floor(tokens)) return reader.wrong("\"early_tokens\" is no whole number");
    out.early_tokens = static_cast<std::uint32_t>(tokens);
  }
  return {};
}

std::string_view next_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return line;
}

}  // namespace

bool is_digest_text(std::string_view text) {
  constexpr std::string_view others = "-_:+/=.";
  return !text.empty() && text.size() <= 128 && std::ranges::all_of(text, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           others.find(c) != std::string_view::npos;
  });
}

Result<LabelledAnswers> parse_labelled_answers(std::string_view text, std::string_view what) {
  LabelledAnswers out;
  out.digest = sha256_hex(std::as_bytes(std::span(text)));
  std::unordered_map<std::string, std::size_t> line_of_id;
  std::optional<RowKind> kind;
  std::size_t line_number = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view line = next_line(rest);
    const LineReader reader(what, ++line_number);
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const json::value document = TRY(reader.document(line));
    const json::object& object = document.get_object();
    if (object.contains("meta")) {
      if (line_number != 1) return reader.wrong("\"meta\" is for the first line only");
      TRY(read_header(reader, object, out));
      continue;
    }
    if (out.rows.size() == labelled_rows_max)
      return fail(ErrorCode::TooLarge, std::string(what) + " has over 1000000 rows");
    auto [row, row_kind] = TRY(read_row(reader, object));
    if (kind && *kind != row_kind)
      return reader.wrong(
          "this row measures otherwise than the rows before it",
          "Either all rows or none have \"loss\", \"cloud_acceptable\" and \"cost\".");
    kind = row_kind;
    const auto [known, is_new] = line_of_id.emplace(row.id, line_number);
    if (!is_new)
      return reader.wrong("the id " + quote_foreign(row.id) + " is that of line " +
                              std::to_string(known->second) + " too",
                          "Two rows of one request would count as two proofs.");
    out.rows.push_back(std::move(row));
  }
  if (!kind) return fail(ErrorCode::InvalidArgument, std::string(what) + " has no rows");
  out.kind = kind->has_loss ? LossKind::Bounded : LossKind::Binary;
  out.against_cloud = kind->has_cloud;
  out.has_costs = kind->has_cost;
  return out;
}

}  // namespace croft

// How a calibration is read: everything in it is hostile until it is checked.
#include "router/confidence/calibration_file.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <utility>

#include "base/json.h"
#include "io/mapped_file.h"
#include "io/quote_foreign.h"
#include "router/confidence/labelled_answers.h"

namespace croft {
namespace {

constexpr std::size_t file_bytes_max = 16 * limits::MiB;
constexpr std::size_t curve_points_max = 200'000;
constexpr std::size_t text_bytes_max = 256;
constexpr std::size_t depth_max = 6;
constexpr double rows_max = 1e9;
constexpr double weight_max = 1e9;

std::unexpected<Error> damaged(std::string_view what, const std::string& why) {
  return fail(ErrorCode::Corrupt, std::string(what) + " is not a usable calibration: " + why,
              "Make it anew with croft route calibrate.");
}

/// Members of one object; errors name document and path. `only` refuses what nobody would read.
class Reader {
 public:
  Reader(const json::value& value, std::string_view what, std::string path)
      : value_(&value), what_(what), path_(std::move(path)) {}

  std::unexpected<Error> wrong(std::string_view name, std::string_view why) const {
    return damaged(what_, path_ + std::string(name) + " " + std::string(why));
  }
  Result<void> only(std::initializer_list<std::string_view> known) const {
    if (!value_->is_object()) return wrong("", "is no object");
    for (const auto& member : value_->get_object())
      if (std::ranges::find(known, std::string_view(member.key())) == known.end())
        return wrong(quote_foreign(member.key()), "is unknown");
    return {};
  }
  /// Rounded to nine digits: JSON readers may miss the last bit, and what was written had nine.
  Result<double> real(std::string_view name, double low, double high) const {
    return checked(name, find_number(*value_, name), low, high);
  }
  Result<std::optional<double>> real_or_null(std::string_view name, double low, double high) const {
    const json::object& object = value_->get_object();
    const json::value* found = object.if_contains(name);
    if (found == nullptr) return wrong(name, "is missing");
    if (found->is_null()) return std::optional<double>();
    return std::optional<double>(TRY(real(name, low, high)));
  }
  Result<std::int64_t> count(std::string_view name, double high) const {
    const double found = TRY(real(name, 0, high));
    if (found != std::floor(found)) return wrong(name, "is no whole number");
    return static_cast<std::int64_t>(found);
  }
  Result<std::string> text(std::string_view name) const {
    const auto found = find_string(*value_, name);
    if (!found || found->size() > text_bytes_max)
      return wrong(name, "is missing, no text or over 256 bytes");
    return std::string(*found);
  }
  Result<std::string> digest(std::string_view name) const {
    std::string found = TRY(text(name));
    if (!is_digest_text(found)) return wrong(name, "is no digest");
    return found;
  }
  /// The index of the text among `choices`.
  Result<std::size_t> choice(std::string_view name,
                             std::initializer_list<std::string_view> choices) const {
    const std::string found = TRY(text(name));
    const auto* at = std::ranges::find(choices, found);
    if (at == choices.end()) return wrong(name, "has the unknown value " + quote_foreign(found));
    return static_cast<std::size_t>(at - choices.begin());
  }
  Result<Reader> object(std::string_view name) const {
    const json::value* found = find(*value_, name);
    if (found == nullptr || !found->is_object()) return wrong(name, "is missing or no object");
    return Reader(*found, what_, path_ + std::string(name) + ".");
  }
  Result<const json::array*> list(std::string_view name, std::size_t count_min,
                                  std::size_t count_max) const {
    const json::value* found = find(*value_, name);
    if (found == nullptr || !found->is_array()) return wrong(name, "is missing or no array");
    const std::size_t size = found->get_array().size();
    if (size < count_min || size > count_max) return wrong(name, "has too few or too many entries");
    return &found->get_array();
  }
  /// Entries of a list of numbers of fixed length.
  template <std::size_t Count>
  Result<std::array<double, Count>> numbers(std::string_view name, const json::value& value,
                                            double low, double high) const {
    const json::array* list = value.if_array();
    if (list == nullptr || list->size() != Count) return wrong(name, "is no list of that length");
    std::array<double, Count> out{};
    for (std::size_t i = 0; i < Count; ++i) {
      const json::value& entry = (*list)[i];
      const auto number =
          entry.is_number() ? std::optional(entry.to_number<double>()) : std::optional<double>();
      out[i] = TRY(checked(name, number, low, high));
    }
    return out;
  }
  Result<ShareInterval> interval(std::string_view name) const {
    const json::value* found = find(*value_, name);
    if (found == nullptr) return wrong(name, "is missing");
    const auto ends = TRY(numbers<2>(name, *found, 0, 1));
    if (ends[0] > ends[1]) return wrong(name, "ends before it begins");
    return ShareInterval{ends[0], ends[1]};
  }
  Reader entry(const json::value& value, std::string_view list, std::size_t index) const {
    return Reader(value, what_, path_ + std::string(list) + "[" + std::to_string(index) + "].");
  }

 private:
  Result<double> checked(std::string_view name, std::optional<double> found, double low,
                         double high) const {
    if (!found) return wrong(name, "is missing or no number");
    const double value = nine_digits(*found);
    if (!(std::isfinite(value) && value >= low && value <= high))
      return wrong(name, "is out of range");
    return value;
  }

  const json::value* value_;
  std::string_view what_;
  std::string path_;
};

Result<ConfidenceTerm> read_term(const Reader& reader) {
  TRY(reader.only({"feature", "mean", "scale", "weight", "missing"}));
  ConfidenceTerm term;
  const std::string name = TRY(reader.text("feature"));
  const auto feature = find_confidence_feature(name);
  if (!feature) return reader.wrong("feature", "names the unknown " + quote_foreign(name));
  term.feature = *feature;
  term.mean = TRY(reader.real("mean", -weight_max, weight_max));
  term.scale = TRY(reader.real("scale", 1e-12, weight_max));
  term.weight = TRY(reader.real("weight", -weight_max, weight_max));
  term.missing_weight = TRY(reader.real_or_null("missing", -weight_max, weight_max));
  return term;
}

Result<void> read_point(const Reader& reader, Calibration& out) {
  TRY(reader.only({"point", "threshold", "intercept", "terms", "isotonic"}));
  const std::size_t point = TRY(reader.choice("point", {"prefill", "early", "end"}));
  if (out.models[point]) return reader.wrong("point", "comes twice");
  if (point > static_cast<std::size_t>(out.decide_at))
    return reader.wrong("point", "comes after the point that decides");
  out.rule.thresholds[point] = TRY(reader.real("threshold", 0, 1));
  const double intercept = TRY(reader.real("intercept", -weight_max, weight_max));
  std::vector<ConfidenceTerm> terms;
  for (const json::value& value : *TRY(reader.list("terms", 1, confidence_feature_count)))
    terms.push_back(TRY(read_term(reader.entry(value, "terms", terms.size()))));
  std::vector<CurvePoint> curve;
  for (const json::value& value : *TRY(reader.list("isotonic", 0, curve_points_max))) {
    const auto corner = TRY(reader.numbers<2>("isotonic", value, 0, 1));
    curve.push_back({corner[0], corner[1]});
  }
  auto model = ConfidenceModel::create(intercept, std::move(terms), std::move(curve));
  if (!model) return reader.wrong("terms", "cannot be used: " + model.error().message);
  out.models[point] = std::move(*model);
  return {};
}

Result<void> read_held_out(const Reader& reader, HeldOut& out) {
  TRY(reader.only({"rows", "served", "risk", "risk_interval", "traffic_risk", "local_risk",
                   "coverage", "escalation", "escalation_interval", "escalated_at", "ece", "brier",
                   "auc", "saved"}));
  out.rows = TRY(reader.count("rows", rows_max));
  out.served = TRY(reader.count("served", static_cast<double>(out.rows)));
  // Sums of rounded shares may end a little above one.
  constexpr double one = 1.000001;
  for (const auto& [name, value] : {std::pair{"risk", &out.risk},
                                    {"traffic_risk", &out.traffic_risk},
                                    {"local_risk", &out.local_risk},
                                    {"coverage", &out.coverage},
                                    {"escalation", &out.escalation},
                                    {"ece", &out.ece},
                                    {"brier", &out.brier}})
    *value = TRY(reader.real(name, 0, one));
  out.risk_interval = TRY(reader.interval("risk_interval"));
  out.escalation_interval = TRY(reader.interval("escalation_interval"));
  const json::array* gone = TRY(reader.list("escalated_at", 3, 3));
  out.escalated_at = TRY(reader.numbers<3>("escalated_at", json::value(*gone), 0, one));
  out.auc = TRY(reader.real_or_null("auc", 0, one));
  out.saved = TRY(reader.real_or_null("saved", 0, one));
  return {};
}

Result<void> read_data(const Reader& reader, Calibration& out) {
  TRY(reader.only({"digest", "seed", "fit", "calibrate", "test"}));
  out.data_digest = TRY(reader.digest("digest"));
  const std::string seed = TRY(reader.text("seed"));  // a text: 64 bits do not fit a JSON number
  if (seed.empty() || seed.size() > 20 || seed.find_first_not_of("0123456789") != std::string::npos)
    return reader.wrong("seed", "is no whole number");
  for (const char digit : seed) out.seed = out.seed * 10 + static_cast<std::uint64_t>(digit - '0');
  out.rows.fit = TRY(reader.count("fit", rows_max));
  out.rows.calibrate = TRY(reader.count("calibrate", rows_max));
  out.rows.test = TRY(reader.count("test", rows_max));
  return {};
}

Result<void> read_promise(const Reader& reader, Calibration& out) {
  out.created = TRY(reader.text("created"));
  out.method = static_cast<CalibrationMethod>(TRY(reader.choice("method", {"ltt", "crc"})));
  out.max_worse = TRY(reader.real("max_worse", 1e-9, 1.0 - 1e-9));
  out.confidence = TRY(reader.real("confidence", 1e-9, 1.0 - 1e-9));
  out.kind = static_cast<LossKind>(TRY(reader.choice("loss", {"binary", "bounded"})));
  out.against_cloud = TRY(reader.choice("against", {"cloud", "acceptable"})) == 0;
  out.decide_at =
      static_cast<DecisionPoint>(TRY(reader.choice("decide_at", {"prefill", "early", "end"})));
  out.early_tokens =
      static_cast<std::uint32_t>(TRY(reader.count("early_tokens", early_tokens_max)));
  out.task = TRY(reader.text("task"));
  out.model_digest = TRY(reader.digest("model_digest"));
  out.template_hash = TRY(reader.digest("template_hash"));
  return {};
}

Result<Calibration> read_calibration(const Reader& reader) {
  TRY(reader.only({"croft_calibration", "created", "method", "max_worse", "confidence", "loss",
                   "against", "decide_at", "early_tokens", "task", "model_digest", "template_hash",
                   "data", "proof", "points", "held_out", "content_digest"}));
  Calibration out;
  TRY(read_promise(reader, out));
  const Reader data = TRY(reader.object("data"));
  TRY(read_data(data, out));
  const Reader proof = TRY(reader.object("proof"));
  TRY(proof.only({"served", "losses", "p_value"}));
  out.proof_served = TRY(proof.count("served", static_cast<double>(out.rows.calibrate)));
  out.proof_loss_sum = TRY(proof.real("losses", 0, static_cast<double>(out.proof_served)));
  out.proof_p_value = TRY(proof.real("p_value", 0, 1));
  std::size_t index = 0;
  for (const json::value& value : *TRY(reader.list("points", 1, decision_point_count)))
    TRY(read_point(reader.entry(value, "points", index++), out));
  if (!out.models[static_cast<std::size_t>(out.decide_at)])
    return reader.wrong("points", "lacks the point that decides");
  if (out.models[1] && out.early_tokens == 0)
    return reader.wrong("early_tokens", "is 0, but the early point has a model");
  const Reader held_out = TRY(reader.object("held_out"));
  TRY(read_held_out(held_out, out.held_out));
  return out;
}

}  // namespace

Result<Calibration> parse_calibration(std::string_view text, std::string_view what) {
  if (text.size() > file_bytes_max) return damaged(what, "it has over 16 MiB");
  const auto document = parse_json(text, what, depth_max);
  if (!document) return damaged(what, document.error().message);
  const auto version = find_int(*document, "croft_calibration");
  if (!version) return damaged(what, "it does not say which version of the format it has");
  if (*version != calibration_format_version)
    return fail(ErrorCode::Unsupported,
                std::string(what) + " has version " + std::to_string(*version) +
                    " of the format, this Croft reads version 1",
                "Make it anew with croft route calibrate.");
  const std::size_t line = text.rfind("  \"content_digest\": ");
  if (line == std::string_view::npos || with_content_digest(text.substr(0, line)) != text)
    return damaged(what, "its content digest does not fit: it is damaged or was edited");
  return read_calibration(Reader(*document, what, ""));
}

Result<Calibration> load_calibration(const std::filesystem::path& path) {
  const MappedFile file = TRY(MappedFile::open(path));
  const auto bytes = file.bytes();
  return parse_calibration({reinterpret_cast<const char*>(bytes.data()), bytes.size()},
                           path.string());
}

}  // namespace croft

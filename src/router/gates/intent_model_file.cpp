#include "router/gates/intent_model_file.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <unordered_set>
#include <utility>

#include "base/check.h"
#include "io/atomic_file.h"
#include "io/digest.h"
#include "io/quote_foreign.h"
#include "router/gates/intent_rows.h"
#include "router/gates/intent_trainer.h"

namespace croft {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are copied as they are");

constexpr std::string_view magic = "CROFTINT";
constexpr std::uint32_t version = 1;
constexpr std::size_t header_begin = magic.size() + 2 * sizeof(std::uint32_t);
constexpr std::size_t header_bytes_max = 16 * limits::MiB;
/// Far above what training makes, far below what could overflow a product of float.
constexpr float number_max = 1e6f;

/// Of one file: its name stands in every error.
class Reader {
 public:
  Reader(std::span<const std::byte> file, std::string_view name) : file_(file), name_(name) {}

  Result<IntentModelData> read();

 private:
  [[nodiscard]] std::unexpected<Error> corrupt(const std::string& what) const {
    return fail(ErrorCode::Corrupt, std::string(name_) + " is no intact intent model: " + what,
                "Make it again with `croft route train`");
  }
  Result<void> check_digest() const;
  Result<json::value> read_header();
  Result<std::int64_t> integer(const json::value& object, std::string_view key, std::int64_t min,
                               std::int64_t max) const;
  Result<float> number(const json::value& object, std::string_view key, float min, float max) const;
  Result<IntentFeatureSettings> read_features(const json::value& header) const;
  Result<IntentCalibration> read_calibration(const json::value& header) const;
  Result<std::vector<std::string>> read_labels(const json::value& header) const;
  /// The next `count` values; the caller knows that the file is long enough.
  template <typename T>
  std::vector<T> take(std::size_t count);
  Result<void> check_floats(std::span<const float> values, float min, std::string_view what) const;

  std::span<const std::byte> file_;
  std::string_view name_;
  std::size_t offset_ = 0;
};

Result<void> Reader::check_digest() const {
  const auto covered = file_.first(file_.size() - sizeof(std::uint64_t));
  std::uint64_t stored = 0;
  std::memcpy(&stored, file_.data() + covered.size(), sizeof stored);
  if (stored != xxh3_64(covered))
    return corrupt("its checksum is " + digest_text(xxh3_64(covered)) + " and should be " +
                   digest_text(stored));
  return {};
}

Result<json::value> Reader::read_header() {
  if (file_.size() < header_begin + sizeof(std::uint64_t) ||
      std::memcmp(file_.data(), magic.data(), magic.size()) != 0)
    return corrupt("it does not begin with " + std::string(magic));
  std::uint32_t number = 0;
  std::uint32_t bytes = 0;
  std::memcpy(&number, file_.data() + magic.size(), sizeof number);
  std::memcpy(&bytes, file_.data() + magic.size() + sizeof number, sizeof bytes);
  if (number != version)
    return fail(ErrorCode::Unsupported,
                std::string(name_) + " is an intent model of version " + std::to_string(number) +
                    "; this program reads version " + std::to_string(version),
                "Make it again with `croft route train`");
  TRY(check_digest());
  if (bytes > header_bytes_max || bytes > file_.size() - header_begin - sizeof(std::uint64_t))
    return corrupt("its header of " + std::to_string(bytes) + " bytes at byte 12 does not fit");
  offset_ = header_begin + bytes;
  auto parsed =
      parse_json({reinterpret_cast<const char*>(file_.data()) + header_begin, bytes}, "its header");
  if (!parsed) return corrupt(parsed.error().message);
  return parsed;
}

Result<std::int64_t> Reader::integer(const json::value& object, std::string_view key,
                                     std::int64_t min, std::int64_t max) const {
  const auto found = find_int(object, key);
  if (!found || *found < min || *found > max)
    return corrupt("`" + std::string(key) + "` in its header is not a whole number from " +
                   std::to_string(min) + " to " + std::to_string(max));
  return *found;
}

Result<float> Reader::number(const json::value& object, std::string_view key, float min,
                             float max) const {
  const auto found = find_number(object, key);
  if (!found || !(*found >= static_cast<double>(min)) || !(*found <= static_cast<double>(max)))
    return corrupt("`" + std::string(key) + "` in its header is missing or out of range");
  return static_cast<float>(*found);
}

Result<IntentFeatureSettings> Reader::read_features(const json::value& header) const {
  const json::value* const object = find(header, "features");
  if (object == nullptr) return corrupt("its header has no `features`");
  IntentFeatureSettings settings;
  const auto get = [&](std::string_view key, std::int64_t min,
                       std::int64_t max) -> Result<std::uint32_t> {
    return static_cast<std::uint32_t>(TRY(integer(*object, key, min, max)));
  };
  settings.bucket_bits = TRY(get("bucket_bits", 12, 24));
  settings.head_bytes = TRY(get("head_bytes", 16, 4096));
  settings.tail_bytes = TRY(get("tail_bytes", 0, 4096));
  settings.gram_min = TRY(get("gram_min", 1, 7));
  settings.gram_max = TRY(get("gram_max", settings.gram_min, 7));
  if (settings.features_max() > intent_rows_max)
    return corrupt("`features` in its header ask for " + std::to_string(settings.features_max()) +
                   " features of one text; " + std::to_string(intent_rows_max) + " is the limit");
  return settings;
}

Result<IntentCalibration> Reader::read_calibration(const json::value& header) const {
  const json::value* const object = find(header, "calibration");
  if (object == nullptr) return corrupt("its header has no `calibration`");
  return IntentCalibration{.slope = TRY(number(*object, "slope", 0.0f, 100.0f)),
                           .offset = TRY(number(*object, "offset", -100.0f, 100.0f)),
                           .confidence_min = TRY(number(*object, "confidence_min", 0.0f, 100.0f))};
}

Result<std::vector<std::string>> Reader::read_labels(const json::value& header) const {
  const json::value* const found = find(header, "labels");
  if (found == nullptr || !found->is_array()) return corrupt("its header has no list of `labels`");
  const json::array& list = found->get_array();
  if (list.size() < 2 || list.size() > intent_labels_max)
    return corrupt("it has " + std::to_string(list.size()) + " labels; 2 to " +
                   std::to_string(intent_labels_max) + " are possible");
  std::vector<std::string> labels;
  std::unordered_set<std::string_view> seen;
  for (const json::value& label : list) {
    if (!label.is_string() || label.get_string().empty() ||
        label.get_string().size() > intent_label_bytes_max)
      return corrupt("label " + std::to_string(labels.size()) +
                     " is not a string of 1 to 200 bytes");
    if (!seen.insert(std::string_view(label.get_string())).second)
      return corrupt("the label " + quote_foreign(label.get_string()) + " occurs twice");
    labels.emplace_back(label.get_string());
  }
  return labels;
}

template <typename T>
std::vector<T> Reader::take(std::size_t count) {
  std::vector<T> values(count);
  if (count != 0) std::memcpy(values.data(), file_.data() + offset_, count * sizeof(T));
  offset_ += count * sizeof(T);
  return values;
}

Result<void> Reader::check_floats(std::span<const float> values, float min,
                                  std::string_view what) const {
  for (std::size_t i = 0; i < values.size(); ++i)
    if (!(values[i] >= min && values[i] <= number_max))
      return corrupt(std::string(what) + " " + std::to_string(i) + " is out of range");
  return {};
}

Result<IntentModelData> Reader::read() {
  const json::value header = TRY(read_header());
  IntentModelData data;
  data.features = TRY(read_features(header));
  data.calibration = TRY(read_calibration(header));
  data.labels = TRY(read_labels(header));
  data.idf_unseen = TRY(number(header, "idf_unseen", 0.0f, number_max));
  const std::size_t labels = data.labels.size();
  const auto rows = static_cast<std::size_t>(
      TRY(integer(header, "rows", 0,
                  static_cast<std::int64_t>(
                      std::min(data.features.buckets_count(), intent_weights_max / labels)))));
  const std::size_t wanted = labels * sizeof(float) + rows * (3 * sizeof(float) + labels);
  const std::size_t there = file_.size() - sizeof(std::uint64_t) - offset_;
  if (there != wanted)
    return corrupt("its tables from byte " + std::to_string(offset_) + " on have " +
                   std::to_string(there) + " bytes; its header says " + std::to_string(wanted));
  data.biases = take<float>(labels);
  data.buckets = take<std::uint32_t>(rows);
  data.idfs = take<float>(rows);
  data.scales = take<float>(rows);
  data.weights = take<std::int8_t>(rows * labels);
  TRY(check_floats(data.biases, -number_max, "bias"));
  TRY(check_floats(data.idfs, 0.0f, "idf"));
  TRY(check_floats(data.scales, 0.0f, "scale"));
  for (std::size_t i = 0; i < rows; ++i)
    if (data.buckets[i] >= data.features.buckets_count() ||
        (i != 0 && data.buckets[i] <= data.buckets[i - 1]))
      return corrupt("bucket " + std::to_string(i) + " is out of order or out of range");
  if (const json::value* const report = find(header, "report");
      report != nullptr && report->is_object())
    data.report = report->get_object();
  return data;
}

void append(std::vector<std::byte>& out, const auto& values) {
  const auto bytes = std::as_bytes(std::span(values));
  if (bytes.empty()) return;
  const std::size_t before = out.size();
  out.resize(before + bytes.size());
  std::memcpy(out.data() + before, bytes.data(), bytes.size());
}

json::object header_of(const IntentModelData& data) {
  const IntentFeatureSettings& features = data.features;
  const IntentCalibration& calibration = data.calibration;
  json::array labels;
  for (const std::string& label : data.labels) labels.emplace_back(label);
  return {{"labels", std::move(labels)},
          {"rows", data.buckets.size()},
          {"features", json::object{{"bucket_bits", features.bucket_bits},
                                    {"head_bytes", features.head_bytes},
                                    {"tail_bytes", features.tail_bytes},
                                    {"gram_min", features.gram_min},
                                    {"gram_max", features.gram_max}}},
          {"calibration", json::object{{"slope", calibration.slope},
                                       {"offset", calibration.offset},
                                       {"confidence_min", calibration.confidence_min}}},
          {"idf_unseen", data.idf_unseen},
          {"report", data.report}};
}

}  // namespace

Result<IntentModelData> parse_intent_model(std::span<const std::byte> file, std::string_view name) {
  return Reader(file, name).read();
}

std::vector<std::byte> intent_model_bytes(const IntentModelData& data) {
  CHECK(data.weights.size() == data.buckets.size() * data.labels.size());
  const std::string header = json::serialize(header_of(data));
  CHECK(header.size() <= header_bytes_max);
  const std::uint32_t numbers[] = {version, static_cast<std::uint32_t>(header.size())};
  std::vector<std::byte> out;
  append(out, magic);
  append(out, numbers);
  append(out, header);
  append(out, data.biases);
  append(out, data.buckets);
  append(out, data.idfs);
  append(out, data.scales);
  append(out, data.weights);
  const std::uint64_t digest[] = {xxh3_64(out)};
  append(out, digest);
  return out;
}

Result<void> save_intent_model(const IntentModelData& data, const std::filesystem::path& path) {
  return write_file_atomically(path, intent_model_bytes(data));
}

}  // namespace croft

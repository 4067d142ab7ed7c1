#include "router/privacy/names/name_model_file.h"

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>

#include "base/check.h"
#include "base/limits.h"
#include "io/atomic_file.h"
#include "io/digest.h"

namespace croft::privacy {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are copied as they are");

constexpr std::string_view magic = "CROFTNAM";
constexpr std::uint32_t version = 1;
constexpr std::size_t header_begin = magic.size() + 2 * sizeof(std::uint32_t);
constexpr std::size_t header_bytes_max = limits::MiB;
constexpr std::int64_t bucket_bits_min = 4;
constexpr std::int64_t bucket_bits_max = 20;
/// Far above what training makes, far below what could overflow the sums of a sequence.
constexpr std::int16_t transition_max = 3000;

/// Of one file: its name stands in every error.
class Reader {
 public:
  Reader(std::span<const std::byte> file, std::string_view name) : file_(file), name_(name) {}

  Result<NameModelData> read() {
    const json::value header = TRY(read_header());
    NameModelData data;
    data.bucket_bits = static_cast<std::uint32_t>(
        TRY(integer(header, "bucket_bits", bucket_bits_min, bucket_bits_max)));
    TRY(check_labels(header));
    data.outside_penalty =
        static_cast<std::int16_t>(TRY(integer(header, "outside_penalty", -1000, 1000)));
    const auto slots = static_cast<std::size_t>(
        TRY(integer(header, "list_slots", 1, static_cast<std::int64_t>(NameLists::slots_max))));
    if (!std::has_single_bit(slots)) return corrupt("`list_slots` is no power of two");
    const std::size_t weights = (std::size_t{1} << data.bucket_bits) * name_labels_count;
    const std::size_t wanted = sizeof data.transitions + weights + slots * sizeof(std::uint32_t);
    const std::size_t there = file_.size() - sizeof(std::uint64_t) - offset_;
    if (there != wanted)
      return corrupt("its tables from byte " + std::to_string(offset_) + " on have " +
                     std::to_string(there) + " bytes; its header says " + std::to_string(wanted));
    take(data.transitions.data(), data.transitions.size());
    data.list_slots.resize(slots);
    take(data.list_slots.data(), slots);
    data.weights.resize(weights);
    take(data.weights.data(), weights);
    for (std::size_t i = 0; i < data.transitions.size(); ++i)
      if (data.transitions[i] > transition_max || data.transitions[i] < -transition_max)
        return corrupt("transition " + std::to_string(i) + " is out of range");
    bool has_free_slot = false;
    for (const std::uint32_t slot : data.list_slots) has_free_slot = has_free_slot || slot == 0;
    if (!has_free_slot) return corrupt("its lists have no free slot: looking up would never end");
    if (const json::value* const report = croft::find(header, "report");
        report != nullptr && report->is_object())
      data.report = report->get_object();
    return data;
  }

 private:
  [[nodiscard]] std::unexpected<Error> corrupt(const std::string& what) const {
    return fail(ErrorCode::Corrupt, std::string(name_) + " is no intact name model: " + what,
                "Make it again with `croft privacy train`");
  }

  Result<json::value> read_header() {
    if (file_.size() < header_begin + sizeof(std::uint64_t) ||
        std::memcmp(file_.data(), magic.data(), magic.size()) != 0)
      return corrupt("it does not begin with " + std::string(magic));
    std::uint32_t numbers[2];
    std::memcpy(numbers, file_.data() + magic.size(), sizeof numbers);
    if (numbers[0] != version)
      return fail(ErrorCode::Unsupported,
                  std::string(name_) + " is a name model of version " + std::to_string(numbers[0]) +
                      "; this program reads version " + std::to_string(version),
                  "Make it again with `croft privacy train`");
    const auto covered = file_.first(file_.size() - sizeof(std::uint64_t));
    std::uint64_t stored = 0;
    std::memcpy(&stored, file_.data() + covered.size(), sizeof stored);
    if (stored != xxh3_64(covered))
      return corrupt("its checksum is " + digest_text(xxh3_64(covered)) + " and should be " +
                     digest_text(stored));
    const std::size_t bytes = numbers[1];
    if (bytes > header_bytes_max || bytes > covered.size() - header_begin)
      return corrupt("its header has " + std::to_string(bytes) + " bytes, more than there are");
    offset_ = header_begin + bytes;
    auto header = parse_json({reinterpret_cast<const char*>(file_.data()) + header_begin, bytes},
                             std::string(name_) + ", header");
    if (!header || !header->is_object()) return corrupt("its header is no JSON object");
    return header;
  }

  Result<std::int64_t> integer(const json::value& object, std::string_view key, std::int64_t min,
                               std::int64_t max) const {
    const auto found = find_int(object, key);
    if (!found || *found < min || *found > max)
      return corrupt("`" + std::string(key) + "` in its header is not a whole number from " +
                     std::to_string(min) + " to " + std::to_string(max));
    return *found;
  }

  /// A model of other types, or of these in another order, would say nonsense.
  Result<void> check_labels(const json::value& header) const {
    const json::value* const types = croft::find(header, "types");
    bool same =
        types != nullptr && types->is_array() && types->get_array().size() == kNameTypes.size();
    for (std::size_t i = 0; same && i < kNameTypes.size(); ++i) {
      const json::value& type = types->get_array()[i];
      same = type.is_string() && type.get_string() == entity_name(kNameTypes[i]);
    }
    if (!same) return corrupt("`types` in its header are not the types of this program");
    return {};
  }

  template <typename T>
  void take(T* into, std::size_t count) {
    std::memcpy(into, file_.data() + offset_, count * sizeof(T));
    offset_ += count * sizeof(T);
  }

  std::span<const std::byte> file_;
  std::string_view name_;
  std::size_t offset_ = 0;
};

template <typename T>
void append(std::vector<std::byte>& out, std::span<const T> values) {
  if (values.empty()) return;
  const std::size_t before = out.size();
  out.resize(before + values.size_bytes());
  std::memcpy(out.data() + before, values.data(), values.size_bytes());
}

}  // namespace

Result<NameModelData> parse_name_model(std::span<const std::byte> file, std::string_view name) {
  return Reader(file, name).read();
}

std::vector<std::byte> name_model_bytes(const NameModelData& data) {
  json::array types;
  for (const EntityType type : kNameTypes) types.emplace_back(entity_name(type));
  const std::string header = json::serialize(json::object{{"types", std::move(types)},
                                                          {"bucket_bits", data.bucket_bits},
                                                          {"list_slots", data.list_slots.size()},
                                                          {"outside_penalty", data.outside_penalty},
                                                          {"report", data.report}});
  CHECK(header.size() <= header_bytes_max);
  const std::uint32_t numbers[] = {version, static_cast<std::uint32_t>(header.size())};
  std::vector<std::byte> out;
  append(out, std::span<const char>(magic));
  append(out, std::span<const std::uint32_t>(numbers));
  append(out, std::span<const char>(header));
  append(out, std::span<const std::int16_t>(data.transitions));
  append(out, std::span<const std::uint32_t>(data.list_slots));
  append(out, std::span<const std::int8_t>(data.weights));
  const std::uint64_t digest[] = {xxh3_64(out)};
  append(out, std::span<const std::uint64_t>(digest));
  return out;
}

Result<void> save_name_model(const NameModelData& data, const std::filesystem::path& path) {
  return write_file_atomically(path, name_model_bytes(data));
}

}  // namespace croft::privacy

#include "router/confidence/drift_file.h"

#include <span>
#include <utility>

#include "base/json.h"
#include "base/limits.h"
#include "io/mapped_file.h"
#include "io/sha256.h"

namespace croft {
namespace {

constexpr std::int64_t file_version = 1;
constexpr std::size_t file_bytes_max = 64 * limits::KiB;
constexpr std::size_t depth_max = 4;
constexpr std::size_t name_bytes_max = 64;

std::unexpected<Error> unusable(std::string_view what, const std::string& why) {
  return fail(ErrorCode::Corrupt, std::string(what) + " is no usable drift watch: " + why,
              "Delete it to begin the watch anew, or calibrate anew.");
}

}  // namespace

std::filesystem::path drift_file_path(const std::filesystem::path& calibration,
                                      std::string_view route) {
  std::string name;
  for (const char c : route.substr(0, name_bytes_max)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_';
    name += plain ? c : '-';
  }
  // Two routes may have the same plain name.
  const std::string digest = sha256_hex(std::as_bytes(std::span(route)));
  std::filesystem::path file = calibration;
  file += "." + name + "-" + digest.substr(0, 8) + ".drift";
  return file;
}

std::string drift_file_text(const DriftOwner& owner, const DriftMonitor& monitor) {
  // The monitor's own text is JSON: it goes in as it is, so that it comes back as it is.
  return "{\"croft_drift_watch\": " + std::to_string(file_version) +
         ",\n \"route\": " + json::serialize(json::string(owner.route)) +
         ",\n \"calibration\": " + json::serialize(json::string(owner.calibration_digest)) +
         ",\n \"state\": " + monitor.state_json() + "}\n";
}

Result<std::optional<DriftMonitor>> parse_drift_file(std::string_view text, std::string_view what,
                                                     const DriftOwner& owner,
                                                     const DriftOptions& options) {
  const auto document = parse_json(text, what, depth_max);
  if (!document) return unusable(what, "it is not valid JSON");
  if (find_int(*document, "croft_drift_watch") != file_version)
    return unusable(what, "it has another version");
  const auto route = find_string(*document, "route");
  const auto digest = find_string(*document, "calibration");
  const json::value* state = find(*document, "state");
  if (!route || !digest || state == nullptr) return unusable(what, "it lacks a member");
  if (*route != owner.route) return unusable(what, "it is another route's");
  if (*digest != owner.calibration_digest) return std::optional<DriftMonitor>();
  Result<DriftMonitor> monitor = DriftMonitor::restore(options, json::serialize(*state));
  if (!monitor) return unusable(what, monitor.error().message);
  return std::optional<DriftMonitor>(*std::move(monitor));
}

Result<std::optional<DriftMonitor>> load_drift_file(const std::filesystem::path& file,
                                                    const DriftOwner& owner,
                                                    const DriftOptions& options) {
  const auto mapped = MappedFile::open(file);
  if (!mapped && mapped.error().code == ErrorCode::NotFound) return std::optional<DriftMonitor>();
  if (!mapped) return std::unexpected(mapped.error());
  const std::string what = file.string();
  if (mapped->bytes().size() > file_bytes_max) return unusable(what, "it is too long");
  const std::string_view text(reinterpret_cast<const char*>(mapped->bytes().data()),
                              mapped->bytes().size());
  return parse_drift_file(text, what, owner, options);
}

}  // namespace croft

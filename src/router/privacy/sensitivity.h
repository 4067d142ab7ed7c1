#pragma once
/// What a request holds that should not leave: the gate that routes look at, and that every
/// outgoing body passes once more (sanitised_request.h).

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "router/privacy/find_entities.h"

namespace croft::privacy {

enum class Verdict : std::uint8_t {
  None,     ///< looked at everything, nothing found
  Found,    ///< of the types that were asked for
  Unknown,  ///< could not look at everything: to be treated as if the worst were in there
};

/// Texts of a request in which nothing of some types was found, kept so that nobody looks through
/// them again on their way out.
class CleanTexts {
 public:
  explicit CleanTexts(const EntitySet& types) : types_(types) {}
  void add(std::string_view text);
  /// Whether it was looked through for all of `types`.
  [[nodiscard]] bool contains(std::string_view text, const EntitySet& types) const;

 private:
  static constexpr std::size_t worth_keeping = 64;  ///< bytes: a shorter one is looked through
  static constexpr std::size_t bytes_max = 256 * 1024;
  static constexpr std::size_t count_max = 64;
  EntitySet types_;
  std::vector<std::string> texts_;
  std::size_t bytes_ = 0;
};

/// A request's verdict. `counts` holds every type that was found, also ones not asked for and also
/// beside Unknown; nothing here holds a value.
struct Sensitivity {
  Verdict verdict = Verdict::Unknown;
  std::string unknown_reason;  ///< for a person; empty unless Unknown
  /// Unknown only because of pictures, sounds or files: every text was looked through.
  bool only_media = false;
  EntitySet gated;  ///< the types that were asked for
  std::array<std::uint32_t, entity_types_count> counts{};
  std::shared_ptr<const CleanTexts> clean = {};

  [[nodiscard]] std::uint32_t count(EntityType type) const {
    return counts[static_cast<std::size_t>(type)];
  }
  /// The gated types that were found.
  [[nodiscard]] EntitySet found() const;
  /// "2 CREDIT_CARD, 1 EMAIL_ADDRESS": gated types only; empty where there are none.
  [[nodiscard]] std::string summary() const;
};

struct ScanLimits {
  std::size_t bytes_max = 1024 * 1024;  ///< of all texts together
  /// Of computing; twice what bytes_max of near misses of any kind take.
  std::chrono::microseconds time_max = std::chrono::milliseconds(250);
};

/// Looks at every string, number and name of a request: messages of all roles and their parts, tool
/// definitions, calls and results, metadata, unknown fields too. Escapes of JSON inside strings are
/// undone, up to three times over; a value is read together with the name before it, so that
/// {"ssn": 123456789} is told. Base64 after "data:" is skipped.
///
/// Unknown where a limit was reached, where there are pictures, sounds or files (nobody looked into
/// them), and where something went wrong: it never fails open. Throws nothing.
/// Threads: any number, each with its own scratch.
///
/// `clean`: of an earlier look at the same request, with the same rules; may be null. The tagger of
/// names is not asked where `gated` has nothing that it finds.
[[nodiscard]] Sensitivity scan_request(const json::object& body, const EntitySet& gated,
                                       const ScanLimits& limits, FindScratch& scratch,
                                       const CleanTexts* clean = nullptr);
/// As scan_request, of one text: a prompt.
[[nodiscard]] Sensitivity scan_text(std::string_view text, const EntitySet& gated,
                                    const ScanLimits& limits, FindScratch& scratch);

}  // namespace croft::privacy

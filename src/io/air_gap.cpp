#include "io/air_gap.h"

#include <atomic>
#include <string>

#include "io/system_call_filter.h"

namespace croft {
namespace {

std::atomic<bool> entered{false};
std::atomic<bool> may_connect_unix{false};

}  // namespace

Result<void> enter_air_gap(const AirGapOptions& options) {
  entered = true;
  may_connect_unix = options.unix_connect;
  return forbid_connections(
      {.tcp_sockets = options.use == AirGapUse::Listening, .unix_connect = options.unix_connect});
}

Result<void> seal_air_gap() {
  if (!entered) return {};
  return forbid_connections({.tcp_sockets = false, .unix_connect = may_connect_unix});
}

bool air_gapped() {
  return entered;
}

Result<void> check_may_connect(std::string_view deed) {
  if (!entered) return {};
  return fail(
      ErrorCode::Forbidden,
      "cannot " + std::string(deed) + ": this process is air-gapped and connects to nothing",
      "Leave out --air-gapped (CROFT_AIR_GAPPED, air_gapped in croft.toml) where that is "
      "meant to be possible.");
}

}  // namespace croft

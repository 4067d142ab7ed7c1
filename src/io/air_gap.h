#pragma once
/// --air-gapped: this process opens no connection, whatever it is asked or tricked into. Two
/// layers: who begins outbound HTTP asks here first, so that a person reads what was to be done and
/// why it is not; below that a filter in the kernel, which a mistake of ours cannot get around
/// (system_call_filter.h). docs/air-gapped.md.

#include <cstdint>
#include <string_view>

#include "base/error.h"

namespace croft {

enum class AirGapUse : std::uint8_t {
  Nothing,    ///< no socket but UNIX ones can be made from now on
  Listening,  ///< TCP sockets may be made until seal_air_gap(), to listen on; connect() may not
};

struct AirGapOptions {
  AirGapUse use = AirGapUse::Nothing;
  bool unix_connect = false;  ///< for a database behind a UNIX socket
};

/// For ever, all threads included. Call it before anything could connect. Errors: Unsupported (the
/// system has no filter): then the process must end.
Result<void> enter_air_gap(const AirGapOptions& options);
/// After the listening socket was made. Nothing without enter_air_gap().
Result<void> seal_air_gap();

[[nodiscard]] bool air_gapped();
/// Errors: Forbidden where this process is air-gapped. `deed`: "ask https://...".
Result<void> check_may_connect(std::string_view deed);

}  // namespace croft

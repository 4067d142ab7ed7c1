#pragma once
/// The interactive chat of `croft run`.

#include "base/error.h"
#include "cli/conversation.h"
#include "cli/interrupts.h"
#include "cli/settings.h"

namespace croft::cli {

/// Reads and answers until /exit, the end of input or a second Ctrl-C. Returns the exit code.
Result<int> chat(Conversation& conversation, Interrupts& interrupts, const Settings& settings);

}  // namespace croft::cli

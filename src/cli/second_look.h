#pragma once
/// The second look for names, with a model: router/privacy/second_look.h has what needs none.

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "cli/interrupts.h"
#include "cli/settings.h"
#include "engine/chat.h"
#include "engine/engine.h"
#include "router/privacy/second_look.h"

namespace croft::cli {

/// Asks one piece at a time, at temperature 0. For one thread.
class SecondLook {
 public:
  /// Loads the model. Errors: NotFound; Unsupported: it only makes embeddings, or has no chat
  /// template; those of the engine.
  static Result<std::unique_ptr<SecondLook>> open(const Settings& settings,
                                                  const std::string& model);

  /// What the model adds to the `findings` of this text, in order and apart from them. `place` is
  /// how errors call the text. Errors: ContextOverflow: a piece and its answer do not fit;
  /// Cancelled; those of the engine.
  Result<std::vector<privacy::Finding>> look(std::string_view text,
                                             std::span<const privacy::Finding> findings,
                                             const std::string& place);

  /// A sentence where answers were cut short; else empty.
  [[nodiscard]] std::string shortfall() const;

 private:
  SecondLook(std::unique_ptr<Engine> engine, ChatFormatter formatter)
      : engine_(std::move(engine)), formatter_(std::move(formatter)) {}
  Result<std::string> ask(std::string_view piece);

  std::unique_ptr<Engine> engine_;
  ChatFormatter formatter_;
  Interrupts interrupts_;
  std::stop_token cancel_ = interrupts_.begin();
  std::size_t pieces_ = 0;
  std::size_t cut_short_ = 0;
};

}  // namespace croft::cli

#pragma once
/// Puts true values back into an answer: text, refusals, thoughts, names and arguments of tool
/// calls, stop strings, errors. Works on typed events, from which the streams of all dialects are
/// read and written.

#include <functional>
#include <memory>
#include <optional>

#include "router/dialects/chat_exchange.h"
#include "router/privacy/pseudonyms/text_restorer.h"

namespace croft::privacy {

/// One answer. Not for several threads at once.
class AnswerRestorer {
 public:
  /// `text_form`: Json where the request asked for JSON as its answer.
  AnswerRestorer(std::shared_ptr<const Restorations> restorations, TextForm text_form);

  using Sink = std::function<void(dialects::AnswerEvent)>;
  /// Gives what `event` settles, in an order that chat_exchange.h allows: held text of one kind
  /// comes before an event of another. Log-probabilities of a text are left out: they are of the
  /// surrogates.
  void feed(dialects::AnswerEvent event, const Sink& sink);

 private:
  enum class Kind : std::uint8_t { None, Text, Refusal, Thinking, Arguments };
  /// Ends the text under way unless it is of this kind, and begins one.
  void begin(Kind kind, std::size_t call, const Sink& sink);
  void end_text(bool broke_off, const Sink& sink);
  void give(std::string text, const Sink& sink) const;

  std::shared_ptr<const Restorations> restorations_;
  TextForm text_form_;
  Kind kind_ = Kind::None;
  std::size_t call_ = 0;
  std::optional<TextRestorer> text_;
};

}  // namespace croft::privacy

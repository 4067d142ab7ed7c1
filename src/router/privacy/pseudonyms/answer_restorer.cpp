#include "router/privacy/pseudonyms/answer_restorer.h"

#include <type_traits>
#include <utility>

namespace croft::privacy {

using dialects::AnswerEvent;

AnswerRestorer::AnswerRestorer(std::shared_ptr<const Restorations> restorations, TextForm text_form)
    : restorations_(std::move(restorations)), text_form_(text_form) {}

void AnswerRestorer::give(std::string text, const Sink& sink) const {
  if (text.empty()) return;
  switch (kind_) {
    case Kind::Text:
      return sink(dialects::TextDelta{.text = std::move(text)});
    case Kind::Refusal:
      return sink(dialects::RefusalDelta{.text = std::move(text)});
    case Kind::Thinking:
      return sink(dialects::ThinkingDelta{.text = std::move(text)});
    case Kind::Arguments:
      return sink(dialects::ToolCallArguments{.index = call_, .text = std::move(text)});
    case Kind::None:
      break;
  }
}

void AnswerRestorer::end_text(bool broke_off, const Sink& sink) {
  if (!text_) return;
  std::string rest;
  if (broke_off)
    text_->cut(rest);
  else
    text_->finish(rest);
  text_.reset();
  give(std::move(rest), sink);
  kind_ = Kind::None;
}

void AnswerRestorer::begin(Kind kind, std::size_t call, const Sink& sink) {
  if (kind_ == kind && call_ == call) return;
  end_text(false, sink);
  kind_ = kind;
  call_ = call;
  text_.emplace(*restorations_, kind == Kind::Arguments ? TextForm::Json
                                : kind == Kind::Text    ? text_form_
                                                        : TextForm::Prose);
}

void AnswerRestorer::feed(AnswerEvent event, const Sink& sink) {
  if (restorations_->empty()) return sink(std::move(event));
  const auto piece = [&](Kind kind, std::size_t call, const std::string& text) {
    begin(kind, call, sink);
    std::string out;
    text_->feed(text, out);
    give(std::move(out), sink);
  };
  if (const auto* text = std::get_if<dialects::TextDelta>(&event))
    return piece(Kind::Text, 0, text->text);
  if (const auto* refusal = std::get_if<dialects::RefusalDelta>(&event))
    return piece(Kind::Refusal, 0, refusal->text);
  if (const auto* thinking = std::get_if<dialects::ThinkingDelta>(&event))
    return piece(Kind::Thinking, 0, thinking->text);
  if (const auto* arguments = std::get_if<dialects::ToolCallArguments>(&event))
    return piece(Kind::Arguments, arguments->index, arguments->text);
  end_text(std::holds_alternative<dialects::Failed>(event), sink);
  if (auto* call = std::get_if<dialects::ToolCallBegin>(&event)) {
    if (const std::string* name = restorations_->find_identifier(call->name)) call->name = *name;
  } else if (auto* finished = std::get_if<dialects::Finished>(&event)) {
    finished->stop_sequence = restored(*restorations_, finished->stop_sequence);
  } else if (auto* failed = std::get_if<dialects::Failed>(&event)) {
    failed->error.message = restored(*restorations_, failed->error.message);
    failed->error.hint = restored(*restorations_, failed->error.hint);
  }
  sink(std::move(event));
}

}  // namespace croft::privacy

#pragma once
/// A model's own Jinja chat template, run in our engine with the options that transformers sets:
/// trimmed blocks, loop controls, tojson, raise_exception, strftime_now. The template is hostile:
/// no attribute of the host, no I/O, budgets for steps, output, memory and recursion.

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/text_range.h"

namespace croft {

struct RenderOptions {
  /// What strftime_now formats: local calendar time, injected so that renders repeat.
  std::chrono::sys_seconds now{};
  std::size_t steps_max = limits::template_steps_max;
  std::size_t output_bytes_max = limits::template_output_bytes_max;
  /// Context members whose strings the operator wrote (tokenizer settings); all others are
  /// untrusted.
  std::vector<std::string> trusted_keys = {"bos_token", "eos_token", "unk_token", "pad_token"};
};

/// Immutable; safe to use from many threads at once.
class ChatTemplate {
 public:
  /// Errors: InvalidArgument with line; TooLarge.
  static Result<ChatTemplate> parse(std::string_view source);

  ChatTemplate(ChatTemplate&&) noexcept;
  ChatTemplate& operator=(ChatTemplate&&) noexcept;
  ~ChatTemplate();

  /// `context`: messages, tools, add_generation_prompt, bos_token ... as Python would pass them.
  /// The result marks every byte that came from an untrusted string, through all string operations.
  /// Errors: InvalidArgument with the template's line (raise_exception: the template's own message
  /// comes first, verbatim); TooLarge where a budget ran out, naming it.
  Result<MarkedText> render(const json::object& context, const RenderOptions& options) const;

  [[nodiscard]] const std::string& source() const;

 private:
  struct Program;
  explicit ChatTemplate(std::unique_ptr<Program> program);
  std::unique_ptr<Program> program_;
};

}  // namespace croft

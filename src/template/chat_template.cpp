#include "template/chat_template.h"

#include <new>

#include "template/failure.h"
#include "template/interpreter.h"
#include "template/parser.h"
#include "template/unicode.h"

namespace croft {

struct ChatTemplate::Program {
  std::string source;
  jinja::ProgramTree tree;
};

namespace {

std::unexpected<Error> to_error(const jinja::Failure& failure, std::size_t line) {
  const std::string where =
      " (line " + std::to_string(failure.line > 0 ? failure.line : line) + " of the chat template)";
  switch (failure.kind) {
    case jinja::FailureKind::Raised:
      return fail(ErrorCode::InvalidArgument, failure.message + where,
                  "the model's template refuses this conversation; change its messages or roles");
    case jinja::FailureKind::TooLarge:
      return fail(ErrorCode::TooLarge, failure.message + where,
                  "shorten the conversation, or use a simpler template");
    case jinja::FailureKind::Template:
      break;
  }
  return fail(ErrorCode::InvalidArgument, failure.message + where,
              "correct the template, or give it the fields that it expects");
}

std::unexpected<Error> out_of_memory() {
  return fail(ErrorCode::TooLarge, "the chat template needs more memory than is free",
              "shorten the conversation");
}

}  // namespace

ChatTemplate::ChatTemplate(std::unique_ptr<Program> program) : program_(std::move(program)) {}
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;
ChatTemplate::~ChatTemplate() = default;

Result<ChatTemplate> ChatTemplate::parse(std::string_view source) {
  if (source.size() > limits::template_source_bytes_max) {
    return fail(ErrorCode::TooLarge,
                "the chat template has " + std::to_string(source.size()) + " bytes, more than " +
                    std::to_string(limits::template_source_bytes_max),
                "use a shorter template");
  }
  if (!jinja::is_valid_utf8(source)) {
    return fail(ErrorCode::InvalidArgument, "the chat template is not valid UTF-8",
                "save it as UTF-8");
  }
  try {
    auto program = std::make_unique<Program>();
    program->source = source;
    program->tree = jinja::parse_program(source);
    return ChatTemplate(std::move(program));
  } catch (const jinja::Failure& failure) {
    return to_error(failure, 1);
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  }
}

Result<MarkedText> ChatTemplate::render(const json::object& context,
                                        const RenderOptions& options) const {
  jinja::Interpreter interpreter(program_->tree, options);
  try {
    return interpreter.run(context);
  } catch (const jinja::Failure& failure) {
    return to_error(failure, interpreter.line());
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  }
}

const std::string& ChatTemplate::source() const {
  return program_->source;
}

}  // namespace croft

#pragma once
/// How the engine stops inside this folder: an exception that chat_template.cpp turns into an
/// Error. A tree walker would otherwise test every one of its many returns; nothing else may throw
/// it.

#include <cstddef>
#include <string>

#include "base/error.h"

namespace croft::jinja {

enum class FailureKind {
  Template,  ///< the template is wrong, or did what Python would refuse
  Raised,    ///< the template called raise_exception: its message goes first, verbatim
  TooLarge,  ///< a budget ran out; the message names it
};

struct Failure {
  FailureKind kind = FailureKind::Template;
  std::string message;
  std::size_t line = 0;  ///< 1-based line of the template; 0: the interpreter's current line
};

[[noreturn]] inline void stop(std::string message, std::size_t line = 0) {
  throw Failure{FailureKind::Template, std::move(message), line};
}
[[noreturn]] inline void stop_too_large(std::string message) {
  throw Failure{FailureKind::TooLarge, std::move(message), 0};
}

}  // namespace croft::jinja

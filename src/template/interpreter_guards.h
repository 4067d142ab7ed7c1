#pragma once
/// Scope guards of the interpreter's own files.

#include "base/limits.h"
#include "template/interpreter.h"

namespace croft::jinja {

/// One level of recursion of the interpreter. The bound keeps the C++ stack far below 8 MiB: a
/// level takes about 1 KiB, under AddressSanitizer 3 KiB.
class Interpreter::Deeper {
 public:
  explicit Deeper(Interpreter& interpreter) : interpreter_(interpreter) {
    constexpr std::size_t depth_max = 15 * limits::template_depth_max;
    if (interpreter_.depth_ >= depth_max) {
      stop_too_large("the template recurses deeper than its budget allows");
    }
    ++interpreter_.depth_;
  }
  ~Deeper() { --interpreter_.depth_; }
  Deeper(const Deeper&) = delete;
  Deeper& operator=(const Deeper&) = delete;

 private:
  Interpreter& interpreter_;
};

/// Makes `scope` the current one until the end of the block.
class Interpreter::InScope {
 public:
  InScope(Interpreter& interpreter, Scope* scope)
      : interpreter_(interpreter), outer_(std::exchange(interpreter.scope_, scope)) {}
  ~InScope() { interpreter_.scope_ = outer_; }
  InScope(const InScope&) = delete;
  InScope& operator=(const InScope&) = delete;

 private:
  Interpreter& interpreter_;
  Scope* outer_;
};

}  // namespace croft::jinja

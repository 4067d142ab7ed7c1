#pragma once
/// Walks the tree: one Interpreter is one render.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "template/ast.h"
#include "template/chat_template.h"
#include "template/value.h"

namespace croft::jinja {

class Interpreter;

/// The arguments of one call, evaluated.
struct Args {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

using NativeFunction = Value (*)(Interpreter&, const Args&);
struct FunctionObject : Object {
  std::string name;
  NativeFunction function = nullptr;
};

struct Scope : Object {
  explicit Scope(Scope* outer) : parent(outer) {}
  Scope* parent;
  std::vector<std::pair<std::uint32_t, Value>> values;  // few: a linear search beats a map
  [[nodiscard]] const Value* find(std::uint32_t symbol) const;
  void set(std::uint32_t symbol, Value value);
};

struct MacroObject : Object {
  const Stmt* definition = nullptr;
  Scope* scope = nullptr;
};

/// A running for loop; templates see it as `loop`.
struct LoopObject : Object {
  const Stmt* statement = nullptr;
  Scope* scope = nullptr;  ///< around the loop
  std::vector<Value> items;
  std::size_t next = 0;  ///< of `items`: what has been drawn, the peeked one included
  std::int64_t index0 = -1;
  std::int64_t depth = 1;
  std::optional<std::int64_t> length;
  std::optional<Value> peeked;
  bool peeked_end = false;
  bool is_filtered = false;  ///< `items` holds only what passed the loop's `if`
  Value current;
  Value before;
  std::optional<std::vector<Value>> changed;
};

class Interpreter {
 public:
  Interpreter(const ProgramTree& program, const RenderOptions& options);
  MarkedText run(const json::object& context);

  [[nodiscard]] Heap& heap() { return heap_; }
  [[nodiscard]] const RenderOptions& options() const { return options_; }
  [[nodiscard]] std::size_t line() const { return line_; }

  /// obj.name and obj[key], with Jinja's fallbacks and Undefined where nothing is found.
  Value attribute(const Value& object, const Value& name);
  Value item(const Value& object, const Value& key);
  Value call(const Value& callee, const Args& args);
  Value filter(std::string_view name, const Value& input, const Args& args);
  bool test(std::string_view name, const Value& input, const Args& args);

 private:
  enum class Flow : std::uint8_t { Normal, Break, Continue };
  class Deeper;
  class InScope;

  // Statements: statements.cpp, loops.cpp, macros.cpp
  Flow execute(const Body& body, TextBuilder& out);
  Flow execute(const Stmt& statement, TextBuilder& out);
  Flow execute_if(const Stmt& statement, TextBuilder& out);
  Flow execute_in_scope(const Body& body, Scope* parent, TextBuilder& out);
  Flow execute_with(const Stmt& statement, TextBuilder& out);
  Flow execute_block_set(const Stmt& statement);
  Flow execute_filter_block(const Stmt& statement, TextBuilder& out);
  Flow execute_for(const Stmt& statement, TextBuilder& out);
  void execute_call_block(const Stmt& statement, TextBuilder& out);
  void assign(const Target& target, Value value);

  Flow run_loop(LoopObject& loop, TextBuilder& out);
  std::optional<Value> draw(LoopObject& loop);
  bool advance(LoopObject& loop);
  bool peek(LoopObject& loop);
  std::int64_t loop_length(LoopObject& loop);
  Value loop_attribute(const Value& loop, std::string_view name);
  Value loop_method(const Value& loop, std::string_view name, const Args& args);
  Value call_loop(LoopObject& loop, const Args& args);
  Value block_reference(const Value& self, std::string_view name);
  Value call_block(std::string_view name, const Args& args);
  Value call_macro(const MacroObject& macro, const Args& args);
  void bind_parameters(const MacroObject& macro, const Args& args, Scope& scope);

  // Expressions: evaluate.cpp, access.cpp
  Value evaluate(const Expr& expr);
  Value evaluate_name(const Expr& expr);
  Value evaluate_collection(const Expr& expr);
  Value evaluate_compare(const Expr& expr);
  Value evaluate_concat(const Expr& expr);
  Value evaluate_condition(const Expr& expr);
  Value evaluate_subscript(const Expr& expr);
  Value evaluate_filter(const Expr& expr, std::optional<Value> input);
  Args evaluate_arguments(const Arguments& arguments);
  Value slice(const Value& object, const Value& start, const Value& stop, const Value& step);
  /// A method or property of Python's own type; Missing where it has none of that name.
  Value native_attribute(const Value& object, const Value& name);
  Value native_item(const Value& object, const Value& key);
  Value call_method(const MethodObject& method, const Args& args);

  const ProgramTree& program_;
  const RenderOptions& options_;
  Heap heap_;
  Scope* root_ = nullptr;
  Scope* scope_ = nullptr;
  std::size_t depth_ = 0;
  std::size_t macro_depth_ = 0;
  std::size_t line_ = 1;
};

}  // namespace croft::jinja

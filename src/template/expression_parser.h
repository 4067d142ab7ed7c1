#pragma once
/// Expressions with Jinja's precedence (its ** associates to the left, unlike Python's).

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/limits.h"
#include "template/ast.h"
#include "template/token_stream.h"

namespace croft::jinja {

/// Names become numbers once, so that a look-up compares integers.
class Symbols {
 public:
  Symbols();
  std::uint32_t id(const std::string& name);
  std::vector<std::string> take() { return std::move(names_); }

 private:
  std::vector<std::string> names_;
  std::unordered_map<std::string, std::uint32_t> ids_;
};

class ExpressionParser {
 public:
  ExpressionParser(TokenStream& stream, Symbols& symbols) : stream_(stream), symbols_(symbols) {}

  /// Several expressions with commas make a tuple. `stop_name`: a name that ends it ("recursive").
  ExprPtr tuple(bool with_condition = true, std::string_view stop_name = {});
  ExprPtr expression(bool with_condition = true);
  /// A chain "name | name(...)" on `input`; null stands for a block's body.
  ExprPtr filters(ExprPtr input, bool start_inline);
  Target assign_target(std::string_view stop_name, bool with_namespace);

  /// Whether the names caller, kwargs, varargs have been read since this was cleared.
  struct SpecialNames {
    bool caller = false;
    bool kwargs = false;
    bool varargs = false;
  } special;

 private:
  /// Counts nested constructs while they are parsed: the parser recurses once for each.
  class Nesting {
   public:
    explicit Nesting(ExpressionParser& parser) : parser_(parser) {
      if (++parser_.nesting_ > limits::template_depth_max) {
        stop_too_large("the template nests expressions deeper than " +
                       std::to_string(limits::template_depth_max));
      }
    }
    ~Nesting() { --parser_.nesting_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

   private:
    ExpressionParser& parser_;
  };

  ExprPtr condition();
  ExprPtr disjunction();
  ExprPtr conjunction();
  ExprPtr negation();
  ExprPtr comparison();
  ExprPtr sum();
  ExprPtr concatenation();
  ExprPtr product();
  ExprPtr power();
  ExprPtr unary(bool with_filter);
  ExprPtr primary();
  ExprPtr name_or_constant();
  ExprPtr parenthesized();
  ExprPtr list();
  ExprPtr dict();
  ExprPtr postfix(ExprPtr node);
  ExprPtr filters_and_tests(ExprPtr node);
  ExprPtr member(ExprPtr node);
  ExprPtr subscript_item();
  ExprPtr call(ExprPtr callee);
  ExprPtr test(ExprPtr node);
  std::unique_ptr<Arguments> arguments(std::uint32_t& depth);
  std::string dotted_name();

  ExprPtr make(ExprKind kind, std::uint32_t line) const;
  /// Adds a child and keeps `depth` right; refuses a tree that is too deep.
  void adopt(Expr& parent, ExprPtr child) const;
  void deepen(Expr& parent, std::uint32_t child_depth) const;
  ExprPtr binary(Operator op, ExprPtr left, ExprPtr right, std::uint32_t line) const;

  TokenStream& stream_;
  Symbols& symbols_;
  std::size_t nesting_ = 0;
};

}  // namespace croft::jinja

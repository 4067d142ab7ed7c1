#pragma once
/// The parsed program: plain nodes, one struct for expressions and one for statements.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "template/value.h"

namespace croft::jinja {

enum class ExprKind : std::uint8_t {
  Constant,   ///< constant
  Name,       ///< name
  List,       ///< items
  Tuple,      ///< items
  Dict,       ///< items: key, value, key, value ...
  Attribute,  ///< items[0].name
  Subscript,  ///< items[0][items[1]]
  Slice,      ///< [items[0] : items[1] : items[2]], each may be null; only inside a Subscript
  Call,       ///< items[0](arguments)
  Filter,     ///< items[0] | name(arguments); items[0] is null for the body of a block
  Test,       ///< items[0] is name(arguments)
  Not,
  Negative,
  Positive,
  Binary,   ///< items[0] op items[1]
  Concat,   ///< items joined with ~
  Compare,  ///< items[0] ops[0] items[1] ops[1] items[2] ...
  And,
  Or,
  Condition,  ///< items[0] if items[1] else items[2]; items[2] may be null
};

enum class Operator : std::uint8_t {
  Add,
  Subtract,
  Multiply,
  Divide,
  FloorDivide,
  Modulo,
  Power,
  Equal,
  NotEqual,
  Less,
  LessEqual,
  Greater,
  GreaterEqual,
  In,
  NotIn,
};

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;

struct Arguments {
  std::vector<ExprPtr> positional;
  std::vector<std::pair<std::string, ExprPtr>> named;
  ExprPtr unpacked_list;  ///< *expr
  ExprPtr unpacked_dict;  ///< **expr
};

struct Expr {
  ExprKind kind = ExprKind::Constant;
  Operator op = Operator::Add;
  std::uint32_t line = 0;
  std::uint32_t depth = 1;   ///< 1 + the deepest child: bounds every recursion over the tree
  std::uint32_t symbol = 0;  ///< of a Name
  Value constant;
  std::string name;
  Value name_value;  ///< of an Attribute: the name as a string value
  std::vector<ExprPtr> items;
  std::vector<Operator> ops;
  std::unique_ptr<Arguments> arguments;
};

/// What may stand left of '=': a name, namespace.attribute, or a tuple of these.
struct Target {
  enum class Kind : std::uint8_t { Name, Attribute, Tuple } kind = Kind::Name;
  std::uint32_t symbol = 0;
  std::string name;
  std::string attribute;
  std::vector<Target> items;
};

enum class StmtKind : std::uint8_t {
  Text,         ///< text
  Print,        ///< exprs, one after the other
  If,           ///< exprs[i] guards bodies[i]; one body more: else
  For,          ///< target in exprs[0] if exprs[1]; bodies[0], else bodies[1]
  Set,          ///< target = exprs[0]
  SetBlock,     ///< target = bodies[0] | exprs[0]
  Macro,        ///< signature, bodies[0]
  CallBlock,    ///< signature, exprs[0] the call, bodies[0]
  FilterBlock,  ///< exprs[0], bodies[0]
  With,         ///< targets = exprs, bodies[0]
  Scope,        ///< bodies[0] in a scope of its own (generation)
  Block,        ///< bodies[0], seeing only the top level's names
  Autoescape,   ///< exprs[0] must be false, bodies[0]
  Break,
  Continue,
};

struct Stmt;
using Body = std::vector<std::unique_ptr<Stmt>>;

struct Signature {
  std::string name;
  std::uint32_t symbol = 0;
  std::vector<std::pair<std::uint32_t, std::string>> parameters;
  std::vector<ExprPtr> defaults;  ///< of the last parameters
  bool uses_caller = false;       ///< the body reads `caller`, `kwargs`, `varargs`
  bool uses_kwargs = false;
  bool uses_varargs = false;
};

struct Stmt {
  StmtKind kind = StmtKind::Text;
  std::uint32_t line = 0;
  bool recursive = false;
  TextRef text;
  std::vector<ExprPtr> exprs;
  std::vector<Target> targets;
  std::vector<Body> bodies;
  std::unique_ptr<Signature> signature;
};

/// Symbols that the engine itself sets; the parser numbers them first, in this order.
enum class WellKnown : std::uint32_t { Loop, Caller, Kwargs, Varargs, Self };

struct ProgramTree {
  Body body;
  std::vector<std::string> symbols;                         ///< name of each symbol
  std::vector<std::pair<std::string, const Stmt*>> blocks;  ///< what `self` offers
};

}  // namespace croft::jinja

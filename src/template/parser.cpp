#include "template/parser.h"

#include <algorithm>
#include <initializer_list>

#include "base/limits.h"
#include "template/check_names.h"
#include "template/expression_parser.h"

namespace croft::jinja {
namespace {

using EndTags = std::initializer_list<std::string_view>;

class Parser {
 public:
  explicit Parser(std::string_view source)
      : stream_(tokenize(source)), expressions_(stream_, symbols_) {}

  ProgramTree run() {
    ProgramTree tree;
    tree.body = statements({});
    tree.symbols = symbols_.take();
    tree.blocks = std::move(blocks_);
    check_names(tree);
    return tree;
  }

 private:
  using StmtPtr = std::unique_ptr<Stmt>;

  static StmtPtr make(StmtKind kind, std::uint32_t line) {
    auto statement = std::make_unique<Stmt>();
    statement->kind = kind;
    statement->line = line;
    return statement;
  }

  /// Statements up to a tag named in `ends`, which stays the current token; up to the end without.
  Body statements(EndTags ends) {
    Body body;
    while (!stream_.is(TokenKind::End)) {
      const Token token = stream_.next();
      if (token.kind == TokenKind::Data) {
        body.push_back(make(StmtKind::Text, token.line));
        body.back()->text = constant_text(token.text);
      } else if (token.kind == TokenKind::VariableBegin) {
        body.push_back(make(StmtKind::Print, token.line));
        body.back()->exprs.push_back(expressions_.tuple());
        stream_.expect(TokenKind::VariableEnd, "end of print statement");
      } else {
        const bool is_end =
            stream_.is(TokenKind::Name) &&
            std::find(ends.begin(), ends.end(), stream_.current().text) != ends.end();
        if (is_end) return body;
        body.push_back(statement());
        stream_.expect(TokenKind::BlockEnd, "end of statement block");
      }
    }
    if (ends.size() > 0) {
      stream_.fail("Unexpected end of template. Jinja was looking for the tag '" +
                   std::string(*ends.begin()) + "'");
    }
    return body;
  }

  /// The body of a tag: its own end of tag, statements, and the end tag's name (returned in `end`).
  Body body_of(EndTags ends, std::string* end = nullptr) {
    if (++depth_ > limits::template_depth_max) {
      stop_too_large("the template nests statements deeper than " +
                     std::to_string(limits::template_depth_max));
    }
    stream_.skip_operator(":");
    stream_.expect(TokenKind::BlockEnd, "end of statement block");
    Body body = statements(ends);
    const std::string name = stream_.next().text;
    if (end != nullptr) *end = name;
    --depth_;
    return body;
  }

  /// A body that becomes a function of its own: no break out of it, no loop around it.
  Body function_body(EndTags ends) {
    const std::size_t outer = std::exchange(loops_, 0);
    Body body = body_of(ends);
    loops_ = outer;
    return body;
  }

  StmtPtr statement() {
    if (!stream_.is(TokenKind::Name)) stream_.fail("tag name expected");
    const std::string tag = stream_.current().text;
    if (tag == "for") return for_loop();
    if (tag == "if") return if_chain();
    if (tag == "set") return set();
    if (tag == "macro") return macro();
    if (tag == "call") return call_block();
    if (tag == "with") return with();
    if (tag == "break" || tag == "continue") return jump(tag);
    if (tag == "filter") {
      StmtPtr out = make(StmtKind::FilterBlock, stream_.next().line);
      out->exprs.push_back(expressions_.filters(nullptr, true));
      out->bodies.push_back(body_of({"endfilter"}));
      return out;
    }
    if (tag == "generation") {
      StmtPtr out = make(StmtKind::Scope, stream_.next().line);
      out->bodies.push_back(function_body({"endgeneration"}));
      return out;
    }
    if (tag == "print") {
      StmtPtr out = make(StmtKind::Print, stream_.next().line);
      while (!stream_.is(TokenKind::BlockEnd)) {
        if (!out->exprs.empty()) stream_.expect_operator(",");
        out->exprs.push_back(expressions_.expression());
      }
      return out;
    }
    if (tag == "autoescape") {
      StmtPtr out = make(StmtKind::Autoescape, stream_.next().line);
      out->exprs.push_back(expressions_.expression());
      out->bodies.push_back(body_of({"endautoescape"}));
      return out;
    }
    if (tag == "block") return block();
    if (tag == "include" || tag == "import" || tag == "from" || tag == "extends") {
      stream_.fail("'" + tag + "' is not allowed: a chat template cannot load other templates");
    }
    stream_.fail("Encountered unknown tag '" + tag + "'.");
  }

  StmtPtr for_loop() {
    StmtPtr out = make(StmtKind::For, stream_.next().line);
    out->targets.push_back(expressions_.assign_target("in", false));
    stream_.expect_name("in");
    out->exprs.push_back(expressions_.tuple(false, "recursive"));
    out->exprs.push_back(stream_.skip_name("if") ? expressions_.expression() : nullptr);
    out->recursive = stream_.skip_name("recursive");
    std::string end;
    ++loops_;
    out->bodies.push_back(body_of({"endfor", "else"}, &end));
    --loops_;
    out->bodies.push_back(end == "else" ? body_of({"endfor"}) : Body{});
    return out;
  }

  StmtPtr if_chain() {
    StmtPtr out = make(StmtKind::If, stream_.current().line);
    std::string tag = "if";
    stream_.next();
    while (tag == "if" || tag == "elif") {
      out->exprs.push_back(expressions_.tuple(false));
      out->bodies.push_back(body_of({"endif", "elif", "else"}, &tag));
    }
    if (tag == "else") out->bodies.push_back(body_of({"endif"}));
    return out;
  }

  StmtPtr set() {
    StmtPtr out = make(StmtKind::Set, stream_.next().line);
    out->targets.push_back(expressions_.assign_target({}, true));
    if (stream_.skip_operator("=")) {
      out->exprs.push_back(expressions_.tuple());
      return out;
    }
    out->kind = StmtKind::SetBlock;
    out->exprs.push_back(expressions_.filters(nullptr, false));
    out->bodies.push_back(body_of({"endset"}));
    return out;
  }

  void parameters(Signature& signature) {
    stream_.expect_operator("(");
    while (!stream_.is_operator(")")) {
      if (!signature.parameters.empty()) stream_.expect_operator(",");
      const Token name = stream_.expect(TokenKind::Name, "name");
      for (const auto& [symbol, other] : signature.parameters) {
        if (other == name.text) stop("duplicate argument '" + other + "' in a macro", name.line);
      }
      signature.parameters.emplace_back(symbols_.id(name.text), name.text);
      if (stream_.skip_operator("=")) {
        signature.defaults.push_back(expressions_.expression());
      } else if (!signature.defaults.empty()) {
        stream_.fail("non-default argument follows default argument");
      }
    }
    stream_.expect_operator(")");
  }

  /// The body of a macro or call block, noting which special names it reads.
  void finish_callable(Stmt& statement, EndTags end) {
    const auto outer = std::exchange(expressions_.special, {});
    statement.bodies.push_back(function_body(end));
    const auto inner = expressions_.special;
    const auto& parameters = statement.signature->parameters;
    const auto is_parameter = [&](std::string_view name) {
      return std::any_of(parameters.begin(), parameters.end(),
                         [&](const auto& parameter) { return parameter.second == name; });
    };
    statement.signature->uses_caller = inner.caller;
    statement.signature->uses_kwargs = inner.kwargs && !is_parameter("kwargs");
    statement.signature->uses_varargs = inner.varargs && !is_parameter("varargs");
    expressions_.special = {outer.caller || inner.caller, outer.kwargs || inner.kwargs,
                            outer.varargs || inner.varargs};
  }

  StmtPtr macro() {
    StmtPtr out = make(StmtKind::Macro, stream_.next().line);
    out->signature = std::make_unique<Signature>();
    out->signature->name = stream_.expect(TokenKind::Name, "name").text;
    out->signature->symbol = symbols_.id(out->signature->name);
    parameters(*out->signature);
    finish_callable(*out, {"endmacro"});
    return out;
  }

  StmtPtr call_block() {
    StmtPtr out = make(StmtKind::CallBlock, stream_.next().line);
    out->signature = std::make_unique<Signature>();
    out->signature->name = "caller";
    if (stream_.is_operator("(")) parameters(*out->signature);
    out->exprs.push_back(expressions_.expression());
    if (out->exprs[0]->kind != ExprKind::Call) stop("expected call", out->line);
    finish_callable(*out, {"endcall"});
    return out;
  }

  StmtPtr with() {
    StmtPtr out = make(StmtKind::With, stream_.next().line);
    while (!stream_.is(TokenKind::BlockEnd) && !stream_.is_operator(":")) {
      if (!out->targets.empty()) stream_.expect_operator(",");
      out->targets.push_back(expressions_.assign_target({}, false));
      stream_.expect_operator("=");
      out->exprs.push_back(expressions_.expression());
    }
    out->bodies.push_back(body_of({"endwith"}));
    return out;
  }

  StmtPtr block() {
    StmtPtr out = make(StmtKind::Block, stream_.next().line);
    const std::string name = stream_.expect(TokenKind::Name, "name").text;
    if (stream_.skip_name("scoped")) out->kind = StmtKind::Scope;
    stream_.skip_name("required");
    for (const auto& [other, unused] : blocks_) {
      if (other == name) stop("block '" + name + "' defined twice", out->line);
    }
    blocks_.emplace_back(name, out.get());
    out->bodies.push_back(function_body({"endblock"}));
    stream_.skip_name(name);
    return out;
  }

  StmtPtr jump(const std::string& tag) {
    const std::uint32_t line = stream_.next().line;
    if (loops_ == 0) stop("'" + tag + "' outside loop", line);
    return make(tag == "break" ? StmtKind::Break : StmtKind::Continue, line);
  }

  TokenStream stream_;
  Symbols symbols_;
  ExpressionParser expressions_;
  std::size_t depth_ = 0;
  std::size_t loops_ = 0;
  std::vector<std::pair<std::string, const Stmt*>> blocks_;
};

}  // namespace

ProgramTree parse_program(std::string_view source) {
  return Parser(source).run();
}

}  // namespace croft::jinja

#pragma once
/// Texts with names in them, made from rules of our own writing: what the tagger learns from.
///
///     # a comment
///     = text.en                          a rule; the lines below it are its alternatives
///     {PERSON} lives in {LOCATION}.
///     3* (Dear|Hello) {first~},          drawn three times as often
///     = PERSON                           a rule in capitals is an entity of that type; so is
///                                        PERSON.short
///     <first_names> <last_names>         a line of the list of that name
///
/// {rule^} is in upper case, {rule~} in lower case, {rule+} begins with a capital, {rule!} is the
/// first letter alone; (a|b|) is one of these; # is a digit; \n a line break; a backslash before
/// any other sign takes it as it is. "text" is where every text begins.
///
/// Threads: making texts is safe from any number at once, each with its own random numbers.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "router/privacy/entity_type.h"

namespace croft::privacy {

/// Small and the same everywhere, so that the same seed makes the same texts (splitmix64).
class TextRandom {
 public:
  explicit TextRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  /// From 0 to count - 1. Requires count > 0.
  std::size_t below(std::size_t count) { return static_cast<std::size_t>(next() % count); }
  bool chance(double probability);

 private:
  std::uint64_t state_;
};

using NameListFiles = std::map<std::string, std::vector<std::string>, std::less<>>;

struct MarkedText {
  struct Mark {
    EntityType type;
    std::size_t start;
    std::size_t end;
  };
  std::string text;
  std::vector<Mark> marks;  ///< in order, apart
};

/// Which alternatives of the rules "text..." are drawn.
enum class TextShare : std::uint8_t { All, Training, HeldOut };

class TextGrammar {
 public:
  /// `lists` must have every list that the rules name. Errors: InvalidArgument, naming the line of
  /// `name`: a sign that does not fit, a rule or list that is not there, or that leads to itself.
  static Result<TextGrammar> parse(std::string_view rules, std::string_view name,
                                   NameListFiles lists);

  [[nodiscard]] MarkedText make(TextRandom& random, TextShare share) const;
  /// Alternatives of the rules "text...".
  [[nodiscard]] std::size_t templates_count() const;
  /// The words that stand in the rules themselves.
  [[nodiscard]] std::vector<std::string> words() const;

 private:
  enum class PartKind : std::uint8_t { Text, Rule, List, Digit, Choice };
  enum class Casing : std::uint8_t { Same, Upper, Lower, First, Title };
  struct Part {
    PartKind kind;
    Casing casing = Casing::Same;
    std::string text;       ///< Text, or the name of a rule or list
    std::size_t index = 0;  ///< of the rule or list
    std::vector<std::vector<Part>> choices;
  };
  struct Rule {
    std::string name;
    std::size_t line = 0;
    std::optional<EntityType> type;
    bool is_text = false;
    std::vector<std::vector<Part>> alternatives;
    std::vector<std::size_t> lines;
    std::vector<std::size_t> weights;
  };
  class Parser;

  void write(const std::vector<Part>& parts, TextRandom& random, TextShare share, bool is_marked,
             MarkedText& out) const;
  void write(const Rule& rule, TextRandom& random, TextShare share, bool is_marked,
             MarkedText& out) const;
  void collect(const std::vector<Part>& parts, std::vector<std::string>& words) const;

  std::vector<Rule> rules_;
  std::vector<std::vector<std::string>> lists_;
  std::size_t start_ = 0;
};

}  // namespace croft::privacy

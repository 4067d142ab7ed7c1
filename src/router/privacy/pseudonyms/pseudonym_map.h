#pragma once
/// Which surrogate stands for which value, within one request. Surrogates are drawn from the key
/// of the conversation and the value alone, so the same values get the same ones again when the
/// client sends the history with its next message. The map lives in memory for one request.
///
/// A surrogate is never a value of this request, another surrogate, or in its text by chance.
/// Order of calls: note and avoid all, assign, then look up; then possibly again.
/// Threads: one at a time.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "router/privacy/entity_type.h"
#include "router/privacy/find_entities.h"
#include "router/privacy/pseudonyms/keyed_digest.h"
#include "router/privacy/pseudonyms/restorations.h"
#include "router/privacy/pseudonyms/surrogate_kind.h"

namespace croft::privacy {

class PseudonymMap {
 public:
  /// `conversation`: of conversation_key().
  explicit PseudonymMap(const Key& conversation) : key_(conversation) {}
  PseudonymMap(const PseudonymMap&) = delete;
  PseudonymMap& operator=(const PseudonymMap&) = delete;

  /// A value to be replaced.
  void note(EntityType type, std::string_view value);
  void note(SurrogateKind kind, std::string_view type_name, std::string_view value);
  /// Text that goes out: no surrogate may be in it.
  void avoid(std::string_view text);
  /// Draws surrogates for what was noted since. False: `deadline` passed first.
  [[nodiscard]] bool assign(Clock::time_point deadline = Clock::time_point::max());

  /// Null: was not noted.
  [[nodiscard]] const std::string* find(std::string_view type_name, std::string_view value) const;

  /// A known value, or a part of a person's name, that stands in a text where nothing was found.
  struct Known {
    std::size_t start;
    std::size_t end;  ///< bytes of the text; without an ending like the s of a genitive
    std::string surrogate;
  };
  /// All of them, in order and apart. May add spellings to the map. Requires that everything noted
  /// is assigned.
  void find_known(std::string_view text, std::vector<Known>& out);

  [[nodiscard]] bool empty() const { return pseudonyms_.empty(); }
  [[nodiscard]] std::size_t size() const { return pseudonyms_.size(); }
  /// For an answer: secrets are not in it. As things stand; make it when the answer begins.
  [[nodiscard]] std::shared_ptr<const Restorations> restorations() const;

 private:
  struct Pseudonym {
    SurrogateKind kind;
    std::string type_name;
    std::string value;
    std::string surrogate;  ///< empty: not yet drawn
    bool is_part = false;   ///< of a person's name
    bool is_family = false;
    bool is_alias = false;  ///< only to be restored: "M. Marlwick"
  };

  [[nodiscard]] static std::string place(std::string_view type_name, std::string_view value);
  [[nodiscard]] Draw draw(std::string_view what, std::string_view normal,
                          std::size_t attempt) const;
  void assign_one(std::size_t index);
  [[nodiscard]] std::string spelled_as(const std::string& surrogate, const std::string& first_value,
                                       std::string_view value) const;
  [[nodiscard]] std::optional<std::string> drawn(const Pseudonym& pseudonym, std::size_t attempt);
  [[nodiscard]] std::string person(std::string_view value, std::size_t attempt);
  [[nodiscard]] std::string name_part(std::string_view part, bool is_family);
  [[nodiscard]] std::string email_local(std::string_view value, std::size_t attempt,
                                        Draw& draw) const;
  [[nodiscard]] bool assign_single_name(std::size_t index);
  [[nodiscard]] std::string token(const Pseudonym& pseudonym);
  [[nodiscard]] bool is_free(const Pseudonym& pseudonym, const std::string& candidate) const;
  void take(Pseudonym& pseudonym, std::string surrogate);
  void add_initial_alias(const Pseudonym& pseudonym);
  std::string spelling(std::size_t index, std::string_view matched);
  void build_known();

  Key key_;
  std::vector<Pseudonym> pseudonyms_;
  std::vector<std::size_t> waiting_;  ///< for assign
  std::unordered_map<std::string, std::size_t> places_;
  /// The first pseudonym of values that differ in case and spaces only.
  std::unordered_map<std::string, std::size_t> normals_;
  std::unordered_map<std::string, std::size_t> parts_;   ///< by the folded part
  std::unordered_set<std::string> surrogates_;           ///< as they are written
  std::unordered_map<std::string, std::string> owners_;  ///< folded surrogate: normal value
  std::unordered_set<std::uint64_t> words_;              ///< hashes of those to be avoided
  std::unordered_map<std::string, std::size_t> tokens_;  ///< how many of a type
  PhraseIndex known_;
  bool known_is_stale_ = false;
};

}  // namespace croft::privacy

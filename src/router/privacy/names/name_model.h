#pragma once
/// A small tagger of names: persons, places, addresses, organisations, peoples, titles, ages.
///
/// Each label has a weight for each feature of a token (name_features.h), hashed into buckets, and
/// one for each label before it; the best sequence of labels wins (Viterbi). Trained by
/// `croft privacy train` as an averaged structured perceptron. No language model, no memory of who
/// is called what: common words count by identity, all others by form, ending and lists.
///
/// File: docs/formats/name_model.md.
/// Threads: any number, each with its own scratch.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "router/privacy/names/label_scores.h"
#include "router/privacy/names/name_features.h"
#include "router/privacy/names/name_labels.h"

namespace croft::privacy {

struct NameModelData {
  std::uint32_t bucket_bits = 15;
  /// [2^bucket_bits, name_labels_count]
  std::vector<std::int8_t> weights;
  /// [name_labels_count before, name_labels_count]: in the same unit as the weights
  std::array<std::int16_t, name_labels_count * name_labels_count> transitions{};
  /// Taken off the outside label: more is found, and more of it is wrong.
  std::int16_t outside_penalty = 0;
  std::vector<std::uint32_t> list_slots;  ///< of NameLists
  json::object report;                    ///< how it was made and how good it was; for people
};

struct NameSpan {
  EntityType type;
  std::size_t start;
  std::size_t end;  ///< one past the last byte
  float score;      ///< 0.5 to 0.9: how far the label is ahead of the outside one
  bool operator==(const NameSpan&) const = default;
};

struct NameScratch {
  std::vector<NameToken> tokens;
  NameView view;
  std::vector<ScoreRow> emissions;
  std::vector<ScoreRow> before;
  std::vector<NameLabel> labels;
};

class NameModel {
 public:
  /// Requires sizes that agree (parse_name_model checks).
  explicit NameModel(NameModelData data);

  /// Tokens taken at once: bounds memory, and how late a deadline is looked at.
  static constexpr std::size_t tokens_at_once = 192;

  /// Appends what is found from `start` on in the next piece of text; returns where the next piece
  /// begins. Spans do not overlap, and begin and end at borders of tokens.
  std::size_t find(std::string_view text, std::size_t start, NameScratch& scratch,
                   std::vector<NameSpan>& found) const;

  /// The labels of tokens that are marked and viewed already.
  void label(std::span<const NameToken> tokens, NameScratch& scratch) const;

  [[nodiscard]] const NameLists& lists() const { return lists_; }
  [[nodiscard]] const json::object& report() const { return report_; }

 private:
  void score(std::span<const NameToken> tokens, NameScratch& scratch) const;
  void best_sequence(std::size_t count, NameScratch& scratch) const;

  NameLists lists_;
  std::uint32_t shift_;
  std::vector<std::array<std::int8_t, name_labels_padded>> rows_;
  std::array<ScoreRow, name_labels_padded> transitions_;
  std::int16_t outside_penalty_;
  json::object report_;
};

/// From labels to spans, in the tokens' text. Spans of peoples and titles that touch are not
/// joined.
void append_spans(std::span<const NameToken> tokens, std::span<const NameLabel> labels,
                  std::vector<NameSpan>& spans);

}  // namespace croft::privacy

#include "router/privacy/names/name_trainer.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "router/privacy/characters.h"

namespace croft::privacy {
namespace {

using Scores = std::array<float, name_labels_padded>;

constexpr double kListsLost = 0.25;  // entities whose words are taken for unknown ones
constexpr double kWordLost = 0.08;   // single words of them
constexpr double kAllLower = 0.05;   // texts in lower case
constexpr double kAllUpper = 0.03;
constexpr double kNoFullStop = 0.25;
constexpr float kMargin = 1.0f;        // by which the right label must be ahead
constexpr float kMissedMargin = 2.0f;  // of an entity over the outside label
constexpr std::size_t kHeldOutTexts = 10'000;
constexpr float kSpread = 0.9999f;  // of the weights that are not cut off

NameLists build_lists(const NameListFiles& files, const TextGrammar& grammar) {
  constexpr std::pair<std::string_view, NameList> kFiles[] = {
      {"first_names", kGivenName}, {"last_names", kFamilyName}, {"cities", kCity},
      {"regions", kRegion},        {"companies", kFirm},        {"peoples", kPeople},
      {"words", kCommonWord}};
  NameListsBuilder builder;
  for (const auto& [name, list] : kFiles)
    if (const auto file = files.find(name); file != files.end())
      for (const std::string& entry : file->second) builder.add(entry, list);
  // The rules' own words are those of every text, in all of their languages.
  std::vector<NameToken> tokens;
  for (const std::string& text : grammar.words()) {
    tokens.clear();
    for (std::size_t at = 0; at < text.size();) at = read_name_tokens(text, at, 64, tokens);
    for (const NameToken& token : tokens)
      if (token.form <= TokenForm::Mixed && token.form != TokenForm::Initial)
        builder.add(std::string_view(text).substr(token.start, token.end - token.start),
                    kCommonWord);
  }
  return builder.build();
}

void recase(std::string& text, bool to_upper) {
  for (char& c : text) c = to_upper ? upper(c) : lower(c);
}

/// A text as people write them: not always with capitals, not always with a full stop.
MarkedText make_text(const TextGrammar& grammar, TextRandom& random, TextShare share) {
  MarkedText made = grammar.make(random, share);
  if (random.chance(kAllLower))
    recase(made.text, false);
  else if (random.chance(kAllUpper))
    recase(made.text, true);
  if (made.text.ends_with('.') && random.chance(kNoFullStop) &&
      (made.marks.empty() || made.marks.back().end < made.text.size()))
    made.text.pop_back();
  return made;
}

std::optional<std::size_t> name_type(EntityType type) {
  const auto* const found = std::ranges::find(kNameTypes, type);
  if (found == kNameTypes.end()) return std::nullopt;
  return static_cast<std::size_t>(found - kNameTypes.begin());
}

/// The right labels. A mark that begins or ends inside a token takes the whole token.
void mark_labels(const MarkedText& text, std::span<const NameToken> tokens,
                 std::vector<NameLabel>& labels) {
  labels.assign(tokens.size(), kOutside);
  for (const MarkedText::Mark& mark : text.marks) {
    const auto type = name_type(mark.type);
    if (!type) continue;
    bool is_first = true;
    for (std::size_t i = 0; i < tokens.size(); ++i)
      if (tokens[i].start < mark.end && mark.start < tokens[i].end) {
        labels[i] = is_first ? first_label(*type) : further_label(*type);
        is_first = false;
      }
  }
}

/// So that the tagger learns to do without its lists.
void lose_lists(const MarkedText& text, std::span<NameToken> tokens, TextRandom& random) {
  for (const MarkedText::Mark& mark : text.marks) {
    const bool all = random.chance(kListsLost);
    for (NameToken& token : tokens)
      if (token.start < mark.end && mark.start < token.end && (all || random.chance(kWordLost)))
        token.lists = static_cast<std::uint8_t>(token.lists & ~unsigned{kNamesOfLists});
  }
}

/// What the tagger does not look at it cannot find: a name in lower case that is in no list.
void forget_unseen(const NameView& view, std::span<NameLabel> labels) {
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] == kOutside || view.worth[i]) continue;
    const std::size_t type = type_of(labels[i]);
    labels[i] = kOutside;
    if (i + 1 < labels.size() && labels[i + 1] == further_label(type))
      labels[i + 1] = first_label(type);
  }
}

class Perceptron {
 public:
  explicit Perceptron(std::uint32_t bits)
      : shift_(32 - bits), weights_(std::size_t{1} << bits), sums_(std::size_t{1} << bits) {}

  void learn(std::span<const NameToken> tokens, const NameView& view,
             std::span<const NameLabel> right) {
    ++time_;
    const std::size_t count = tokens.size();
    features_.resize(count);
    emissions_.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
      Scores& sum = emissions_[i];
      sum.fill(0.0f);
      if (!view.worth[i]) {
        sum.fill(-1e6f);
        sum[kOutside] = 0.0f;
        continue;
      }
      features_[i] = name_features(tokens, view, i);
      for (const std::uint32_t feature : features_[i]) {
        const Scores& row = weights_[row_of(feature)];
        for (std::size_t label = 0; label < name_labels_padded; ++label) sum[label] += row[label];
      }
      // The right one has to win by a margin.
      for (std::size_t label = 0; label < name_labels_count; ++label)
        if (label != right[i]) sum[label] += label == kOutside ? kMissedMargin : kMargin;
    }
    decode(count);
    for (std::size_t i = 0; i < count; ++i) {
      const NameLabel before_right = i == 0 ? kOutside : right[i - 1];
      const NameLabel before_guess = i == 0 ? kOutside : guess_[i - 1];
      if (right[i] != guess_[i] || before_right != before_guess) {
        move_transition(before_right, right[i], 1.0f);
        move_transition(before_guess, guess_[i], -1.0f);
      }
      if (right[i] == guess_[i] || !view.worth[i]) continue;
      for (const std::uint32_t feature : features_[i]) {
        const std::size_t row = row_of(feature);
        weights_[row][right[i]] += 1.0f;
        sums_[row][right[i]] += static_cast<double>(time_);
        weights_[row][guess_[i]] -= 1.0f;
        sums_[row][guess_[i]] -= static_cast<double>(time_);
      }
    }
  }

  /// The mean over all steps, in whole numbers.
  void finish(NameModelData& data) const {
    const auto mean = [&](float now, double sum) {
      return static_cast<float>(now - sum / static_cast<double>(time_ + 1));
    };
    std::vector<float> all;
    all.reserve(weights_.size() * name_labels_count);
    for (std::size_t row = 0; row < weights_.size(); ++row)
      for (std::size_t label = 0; label < name_labels_count; ++label)
        all.push_back(mean(weights_[row][label], sums_[row][label]));
    std::vector<float> sizes;
    for (const float weight : all)
      if (weight != 0.0f) sizes.push_back(std::abs(weight));
    std::ranges::sort(sizes);
    const float largest =
        sizes.empty()
            ? 1.0f
            : sizes[static_cast<std::size_t>(static_cast<float>(sizes.size() - 1) * kSpread)];
    const float scale = 127.0f / std::max(largest, 1e-6f);
    data.weights.clear();
    data.weights.reserve(all.size());
    for (const float weight : all)
      data.weights.push_back(
          static_cast<std::int8_t>(std::clamp(std::nearbyint(weight * scale), -127.0f, 127.0f)));
    for (std::size_t i = 0; i < transitions_.size(); ++i)
      data.transitions[i] = static_cast<std::int16_t>(std::clamp(
          std::nearbyint(mean(transitions_[i], transition_sums_[i]) * scale), -3000.0f, 3000.0f));
  }

 private:
  [[nodiscard]] std::size_t row_of(std::uint32_t feature) const {
    return feature * 0x9E3779B1u >> shift_;
  }

  void move_transition(NameLabel before, NameLabel label, float by) {
    const std::size_t place = before * name_labels_count + label;
    transitions_[place] += by;
    transition_sums_[place] += static_cast<double>(by) * static_cast<double>(time_);
  }

  void decode(std::size_t count) {
    before_.resize(count);
    guess_.resize(count);
    Scores best;
    best.fill(-1e9f);
    best[kOutside] = 0.0f;
    for (std::size_t i = 0; i < count; ++i) {
      Scores next;
      next.fill(-2e9f);
      for (std::size_t before = 0; before < name_labels_count; ++before)
        for (std::size_t label = 0; label < name_labels_count; ++label) {
          if (!may_follow(static_cast<NameLabel>(before), static_cast<NameLabel>(label))) continue;
          const float sum = best[before] + transitions_[before * name_labels_count + label];
          if (sum <= next[label]) continue;
          next[label] = sum;
          before_[i][label] = static_cast<NameLabel>(before);
        }
      for (std::size_t label = 0; label < name_labels_count; ++label)
        next[label] += emissions_[i][label];
      best = next;
    }
    NameLabel label = kOutside;
    for (std::size_t each = 1; each < name_labels_count; ++each)
      if (best[each] > best[label]) label = static_cast<NameLabel>(each);
    for (std::size_t i = count; i-- > 0;) {
      guess_[i] = label;
      label = before_[i][label];
    }
  }

  std::uint32_t shift_;
  std::uint64_t time_ = 0;
  std::vector<Scores> weights_;
  std::vector<std::array<double, name_labels_padded>>
      sums_;  ///< of every change times when it was made
  std::array<float, name_labels_count * name_labels_count> transitions_{};
  std::array<double, name_labels_count * name_labels_count> transition_sums_{};
  std::vector<NameFeatures> features_;
  std::vector<Scores> emissions_;
  std::vector<std::array<NameLabel, name_labels_padded>> before_;
  std::vector<NameLabel> guess_;
};

Result<NameModelData> train(const NameLists& lists, const TextGrammar& grammar,
                            const NameTrainingOptions& options, TextShare share,
                            std::uint64_t done_before) {
  Perceptron perceptron(options.bucket_bits);
  std::vector<NameToken> tokens;
  std::vector<NameLabel> labels;
  NameView view;
  for (std::size_t number = 0; number < options.texts; ++number) {
    if (number % 1024 == 0) {
      if (options.stop.stop_requested())
        return fail(ErrorCode::Cancelled, "stopped before the model was trained", "");
      if (options.on_progress) options.on_progress(done_before + number, 2 * options.texts);
    }
    TextRandom random(options.seed * 0x9E3779B97F4A7C15ull + number);
    const MarkedText text = make_text(grammar, random, share);
    for (std::size_t at = 0; at < text.text.size();) {
      tokens.clear();
      at = read_name_tokens(text.text, at, NameModel::tokens_at_once, tokens);
      mark_lists(tokens, lists);
      lose_lists(text, tokens, random);
      make_view(tokens, view);
      mark_labels(text, tokens, labels);
      forget_unseen(view, labels);
      perceptron.learn(tokens, view, labels);
    }
  }
  NameModelData data;
  data.bucket_bits = options.bucket_bits;
  data.outside_penalty = options.outside_penalty;
  data.list_slots.assign(lists.slots().begin(), lists.slots().end());
  perceptron.finish(data);
  return data;
}

std::vector<NameScore> measure(const NameModelData& data, const TextGrammar& grammar,
                               const NameTrainingOptions& options) {
  const NameModel model(data);
  NameScratch scratch;
  std::vector<NameScore> scores;
  for (const EntityType type : kNameTypes) {
    scores.emplace_back();
    scores.back().type = entity_name(type);
  }
  std::vector<NameSpan> spans;
  for (std::size_t number = 0; number < kHeldOutTexts; ++number) {
    TextRandom random(~options.seed * 0x9E3779B97F4A7C15ull + number);
    const MarkedText text = make_text(grammar, random, TextShare::HeldOut);
    spans.clear();
    for (std::size_t at = 0; at < text.text.size();) at = model.find(text.text, at, scratch, spans);
    for (const NameSpan& span : spans) ++scores[*name_type(span.type)].found;
    for (const MarkedText::Mark& mark : text.marks) {
      const auto type = name_type(mark.type);
      if (!type) continue;
      ++scores[*type].marked;
      scores[*type].right += std::ranges::any_of(spans, [&](const NameSpan& span) {
        return span.type == mark.type && span.start == mark.start && span.end == mark.end;
      });
    }
  }
  return scores;
}

}  // namespace

double NameScore::precision() const {
  return found == 0 ? 1.0 : static_cast<double>(right) / static_cast<double>(found);
}
double NameScore::recall() const {
  return marked == 0 ? 1.0 : static_cast<double>(right) / static_cast<double>(marked);
}

Result<NameTraining> train_names(const NameListFiles& files, const TextGrammar& grammar,
                                 const NameTrainingOptions& options) {
  if (options.texts == 0)
    return fail(ErrorCode::InvalidArgument, "no texts to train on", "Give --texts at least 1");
  const NameLists lists = build_lists(files, grammar);
  // First without a fifth of the templates, to see what that is worth on the others.
  const NameModelData trial = TRY(train(lists, grammar, options, TextShare::Training, 0));
  NameTraining training;
  training.held_out = measure(trial, grammar, options);
  training.data = TRY(train(lists, grammar, options, TextShare::All, options.texts));
  return training;
}

}  // namespace croft::privacy

#include "text/pre_tokenizer.h"

#include <algorithm>
#include <utility>

namespace croft {
namespace {

constexpr std::string_view space_mark = "\u2581";

/// A stretch of a piece, and whether the pattern matched it.
struct Stretch {
  ByteRange range;
  bool match = false;
};

/// Cuts `text` (at offset `base` of the whole) into matches and what lies between them.
void find_stretches(const Regex& pattern, std::string_view text, std::size_t base, bool invert,
                    std::vector<Stretch>& out) {
  out.clear();
  std::size_t at = 0;
  while (at < text.size()) {
    const auto found = pattern.search(text, at);
    const std::size_t gap_end = found ? found->begin : text.size();
    if (gap_end > at) out.push_back({{base + at, base + gap_end}, invert});
    if (!found) break;
    out.push_back({{base + found->begin, base + found->end}, !invert});
    at = found->end;
  }
}

class Split final : public PreTokenizerStep {
 public:
  Split(Regex pattern, SplitBehavior behavior, bool invert)
      : pattern_(std::move(pattern)), behavior_(behavior), invert_(invert) {}

  void apply(Pieces& pieces) const override {
    const std::string_view text = pieces.text;
    std::vector<ByteRange> out;
    out.reserve(pieces.ranges.size() + text.size() / 4);
    std::vector<Stretch> stretches;
    for (const ByteRange& range : pieces.ranges) {
      const std::string_view piece = text.substr(range.begin, range.end - range.begin);
      find_stretches(pattern_, piece, range.begin, invert_, stretches);
      join(stretches, out);
    }
    pieces.ranges = std::move(out);
  }

 private:
  void join(const std::vector<Stretch>& stretches, std::vector<ByteRange>& out) const {
    bool previous_match = false;
    bool first = true;
    for (const Stretch& stretch : stretches) {
      if (behavior_ == SplitBehavior::Removed && stretch.match) {
        // Dropped.
      } else if (!first && joins_previous(previous_match, stretch.match)) {
        out.back().end = stretch.range.end;
      } else {
        out.push_back(stretch.range);
      }
      previous_match = stretch.match;
      first = false;
    }
  }

  [[nodiscard]] bool joins_previous(bool previous_match, bool match) const {
    switch (behavior_) {
      case SplitBehavior::MergedWithPrevious:
        return match && !previous_match;
      case SplitBehavior::MergedWithNext:
        return previous_match && !match;
      case SplitBehavior::Contiguous:
        return previous_match == match;
      case SplitBehavior::Removed:
      case SplitBehavior::Isolated:
        break;
    }
    return false;
  }

  Regex pattern_;
  SplitBehavior behavior_;
  bool invert_;
};

/// Rewrites every piece with `rewrite(piece, is_first)` and lays the results out anew.
template <typename Rewrite>
void rewrite_pieces(Pieces& pieces, const Rewrite& rewrite) {
  std::string text;
  text.reserve(pieces.text.size() + 16);
  for (ByteRange& range : pieces.ranges) {
    const std::size_t begin = text.size();
    const bool first = range.begin == 0 && pieces.at_text_start;
    rewrite(std::string_view(pieces.text).substr(range.begin, range.end - range.begin), first,
            text);
    range = {begin, text.size()};
  }
  pieces.text = std::move(text);
}

class PrefixSpace final : public PreTokenizerStep {
 public:
  void apply(Pieces& pieces) const override {
    rewrite_pieces(pieces, [](std::string_view piece, bool, std::string& out) {
      if (!piece.starts_with(' ')) out += ' ';
      out += piece;
    });
  }
};

/// Cuts every piece before each `mark` that is not at its start; `runs` keeps a run of marks
/// together.
void cut_before_marks(Pieces& pieces, std::string_view mark, bool runs) {
  std::vector<ByteRange> out;
  const std::string_view text = pieces.text;
  for (const ByteRange& range : pieces.ranges) {
    std::size_t begin = range.begin;
    std::size_t at = text.find(mark, begin);
    while (at < range.end) {
      const bool after_mark =
          runs && at >= begin + mark.size() && text.substr(at - mark.size(), mark.size()) == mark;
      if (at > begin && !after_mark) {
        out.push_back({begin, at});
        begin = at;
      }
      at = text.find(mark, at + mark.size());
    }
    if (range.end > begin) out.push_back({begin, range.end});
  }
  pieces.ranges = std::move(out);
}

class Metaspace final : public PreTokenizerStep {
 public:
  Metaspace(std::string replacement, PrependScheme scheme, bool split)
      : replacement_(std::move(replacement)), scheme_(scheme), split_(split) {}

  void apply(Pieces& pieces) const override {
    rewrite_pieces(pieces, [this](std::string_view piece, bool first, std::string& out) {
      const bool wanted =
          scheme_ == PrependScheme::Always || (scheme_ == PrependScheme::First && first);
      const bool there = piece.starts_with(' ') || piece.starts_with(replacement_);
      if (wanted && !there) out += replacement_;
      for (const char c : piece) {
        if (c == ' ') {
          out += replacement_;
        } else {
          out += c;
        }
      }
    });
    if (split_) cut_before_marks(pieces, replacement_, false);
  }

 private:
  std::string replacement_;
  PrependScheme scheme_;
  bool split_;
};

class WordSplit final : public PreTokenizerStep {
 public:
  void apply(Pieces& pieces) const override { cut_before_marks(pieces, space_mark, true); }
};

}  // namespace

std::unique_ptr<PreTokenizerStep> make_split(Regex pattern, SplitBehavior behavior, bool invert) {
  return std::make_unique<Split>(std::move(pattern), behavior, invert);
}

std::unique_ptr<PreTokenizerStep> make_prefix_space() {
  return std::make_unique<PrefixSpace>();
}

std::unique_ptr<PreTokenizerStep> make_metaspace(std::string replacement, PrependScheme scheme,
                                                 bool split) {
  return std::make_unique<Metaspace>(std::move(replacement), scheme, split);
}

std::unique_ptr<PreTokenizerStep> make_word_split() {
  return std::make_unique<WordSplit>();
}

}  // namespace croft

#include "router/privacy/pseudonyms/text_restorer.h"

#include <algorithm>

#include "text/utf8.h"

namespace croft::privacy {

void TextRestorer::feed(std::string_view piece, std::string& out) {
  bytes_ += piece;
  decode(true);
  advance(false, out);
  drop_given();
}

void TextRestorer::finish(std::string& out) {
  decode(false);
  advance(true, out);
  begin_anew();
}

void TextRestorer::cut(std::string& out) {
  while (at_ < units_.size()) {
    const PhraseMatch match = restorations_->match(units_, at_, true);
    if (match.state != MatchState::Found) break;
    put_value(match, out);
    advance(false, out);
  }
  begin_anew();
}

void TextRestorer::begin_anew() {
  bytes_.clear();
  units_.clear();
  decoded_ = given_ = at_ = 0;
  in_string_ = string_is_json_ = false;
}

void TextRestorer::decode(bool more) {
  const Escapes escapes = form_ == TextForm::Json ? Escapes::All : Escapes::Unicode;
  while (decoded_ < bytes_.size()) {
    // Before more comes, a lone backslash of JSON may be the beginning of any escape.
    const bool cut = more && form_ == TextForm::Json && bytes_[decoded_] == '\\' &&
                     decoded_ + 1 == bytes_.size();
    const Unit unit = cut ? Unit{} : unit_at(bytes_, decoded_, escapes, more);
    if (unit.length == 0) return;
    units_.push_back(unit);
    decoded_ += unit.length;
  }
}

void TextRestorer::advance(bool final, std::string& out) {
  while (at_ < units_.size()) {
    const Unit& unit = units_[at_];
    if (unit.folded_size != 0 && unit.kind == Unit::Kind::Text &&
        restorations_->may_begin(unit.folded[0])) {
      const PhraseMatch match = restorations_->match(units_, at_, final);
      if (match.state == MatchState::NeedsMore) return;
      if (match.state == MatchState::Found) {
        put_value(match, out);
        continue;
      }
    }
    give(unit, out);
    ++at_;
  }
}

void TextRestorer::give(const Unit& unit, std::string& out) {
  out.append(bytes_, given_, unit.length);
  given_ += unit.length;
  track(unit);
}

void TextRestorer::put_value(const PhraseMatch& match, std::string& out) {
  std::string matched;
  std::string ending;
  bool has_escape = false;
  std::size_t bytes = 0;
  for (std::size_t i = at_; i < match.end; ++i) {
    const Unit& unit = units_[i];
    bytes += unit.length;
    has_escape = has_escape || unit.is_escape;
    if (unit.kind != Unit::Kind::Skipped)
      utf8::append(i < match.phrase_end ? matched : ending, unit.value);
  }
  const std::string value = restorations_->value_of(match.phrases, matched, ending);
  if (form_ == TextForm::Prose) {
    out += json_escaped(value, has_escape ? 1 : 0);
  } else if (in_string_) {
    out += json_escaped(value, string_is_json_ ? 2 : 1);
  } else if (is_json_number(value)) {
    out += value;
  } else {
    out += '"' + json_escaped(value, 1) + '"';
  }
  string_is_empty_ = false;
  given_ += bytes;
  at_ = match.end;
}

/// Follows the strings of JSON text.
void TextRestorer::track(const Unit& unit) {
  if (form_ == TextForm::Prose) return;
  if (unit.value == U'"' && !unit.is_escape) {
    in_string_ = !in_string_;
    string_is_json_ = false;
    string_is_empty_ = true;
  } else if (in_string_ && string_is_empty_ && unit.kind != Unit::Kind::Space) {
    string_is_empty_ = false;
    string_is_json_ = unit.value == U'{' || unit.value == U'[';
  }
}

void TextRestorer::drop_given() {
  // Two units stay: they say whether a word may begin after them.
  const std::size_t keep = at_ - std::min<std::size_t>(at_, 2);
  units_.erase(units_.begin(), units_.begin() + static_cast<std::ptrdiff_t>(keep));
  at_ -= keep;
  bytes_.erase(0, given_);
  decoded_ -= given_;
  given_ = 0;
}

std::string restored(const Restorations& restorations, std::string_view text, TextForm form) {
  TextRestorer restorer(restorations, form);
  std::string out;
  restorer.feed(text, out);
  restorer.finish(out);
  return out;
}

}  // namespace croft::privacy

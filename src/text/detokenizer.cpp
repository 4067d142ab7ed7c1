#include "text/detokenizer.h"

#include "text/utf8.h"

namespace croft {

Detokenizer::Detokenizer(const Tokenizer& tokenizer, bool special, bool at_start)
    : tokenizer_(&tokenizer), special_(special), at_start_(at_start) {}

std::string Detokenizer::push(TokenId id) {
  if (id < 0 || static_cast<std::size_t>(id) >= tokenizer_->size()) return {};
  std::string bytes = tokenizer_->bytes(id, special_);
  if (bytes.empty()) return {};
  if (at_start_) {
    at_start_ = false;
    if (tokenizer_->strips_leading_space() && bytes.starts_with(' ')) bytes.erase(0, 1);
  }
  held_ += bytes;
  const std::size_t certain = held_.size() - utf8::unfinished_suffix(held_);
  std::string out =
      utf8::repair(std::string_view(held_).substr(0, certain), utf8::Invalid::MaximalSubpart);
  held_.erase(0, certain);
  return out;
}

std::string Detokenizer::finish() {
  std::string out = utf8::repair(held_, utf8::Invalid::MaximalSubpart);
  held_.clear();
  return out;
}

}  // namespace croft

#include "text/normalizer.h"

#include <utility>

#include "text/utf8.h"

namespace croft {
namespace {

class UnicodeForm final : public NormalizerStep {
 public:
  explicit UnicodeForm(unicode::Form form) : form_(form) {}
  std::string apply(std::string text) const override { return unicode::normalize(text, form_); }

 private:
  unicode::Form form_;
};

class LowerCase final : public NormalizerStep {
 public:
  std::string apply(std::string text) const override { return unicode::lower_case(text); }
};

class StripAccents final : public NormalizerStep {
 public:
  std::string apply(std::string text) const override {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
      const utf8::Step step = utf8::decode(text, at);
      if (!unicode::is_nonspacing_mark(step.value)) out.append(text, at, step.length);
      at += step.length;
    }
    return out;
  }
};

class Prepend final : public NormalizerStep {
 public:
  explicit Prepend(std::string prefix) : prefix_(std::move(prefix)) {}
  std::string apply(std::string text) const override {
    if (!text.empty()) text.insert(0, prefix_);
    return text;
  }

 private:
  std::string prefix_;
};

class ReplaceText final : public NormalizerStep {
 public:
  ReplaceText(std::string from, std::string to) : from_(std::move(from)), to_(std::move(to)) {}
  std::string apply(std::string text) const override {
    std::size_t at = from_.empty() ? std::string::npos : text.find(from_);
    if (at == std::string::npos) return text;
    std::string out;
    out.reserve(text.size() + text.size() / 4);
    std::size_t begin = 0;
    for (; at != std::string::npos; at = text.find(from_, begin)) {
      out.append(text, begin, at - begin).append(to_);
      begin = at + from_.size();
    }
    return out.append(text, begin);
  }

 private:
  std::string from_;
  std::string to_;
};

class ReplacePattern final : public NormalizerStep {
 public:
  ReplacePattern(Regex from, std::string to) : from_(std::move(from)), to_(std::move(to)) {}
  std::string apply(std::string text) const override {
    std::string out;
    std::size_t begin = 0;
    while (const auto found = from_.search(text, begin)) {
      out.append(text, begin, found->begin - begin).append(to_);
      begin = found->end;
    }
    return out.append(text, begin);
  }

 private:
  Regex from_;
  std::string to_;
};

class Strip final : public NormalizerStep {
 public:
  Strip(bool left, bool right) : left_(left), right_(right) {}
  std::string apply(std::string text) const override {
    std::size_t first = std::string::npos;
    std::size_t end = 0;
    for (std::size_t at = 0; at < text.size();) {
      const utf8::Step step = utf8::decode(text, at);
      if (!unicode::is_white_space(step.value)) {
        if (first == std::string::npos) first = at;
        end = at + step.length;
      }
      at += step.length;
    }
    if (first == std::string::npos) return left_ || right_ ? std::string() : text;
    const std::size_t begin = left_ ? first : 0;
    return text.substr(begin, (right_ ? end : text.size()) - begin);
  }

 private:
  bool left_;
  bool right_;
};

}  // namespace

std::unique_ptr<NormalizerStep> make_unicode_form(unicode::Form form) {
  return std::make_unique<UnicodeForm>(form);
}
std::unique_ptr<NormalizerStep> make_lower_case() {
  return std::make_unique<LowerCase>();
}
std::unique_ptr<NormalizerStep> make_strip_accents() {
  return std::make_unique<StripAccents>();
}
std::unique_ptr<NormalizerStep> make_prepend(std::string prefix) {
  return std::make_unique<Prepend>(std::move(prefix));
}
std::unique_ptr<NormalizerStep> make_replace(std::string from, std::string to) {
  return std::make_unique<ReplaceText>(std::move(from), std::move(to));
}
std::unique_ptr<NormalizerStep> make_replace(Regex from, std::string to) {
  return std::make_unique<ReplacePattern>(std::move(from), std::move(to));
}
std::unique_ptr<NormalizerStep> make_strip(bool left, bool right) {
  return std::make_unique<Strip>(left, right);
}

}  // namespace croft

#include "router/privacy/sensitivity.h"

#include <algorithm>
#include <cstdio>
#include <exception>

#include "router/privacy/characters.h"
#include "router/privacy/json_unescape.h"
#include "router/privacy/pseudonyms/text_readings.h"

namespace croft::privacy {
namespace {

constexpr int kUnescapesMax = 3;  // arguments inside a tool result inside a message
constexpr std::size_t kDepthMax = 128;

/// Members that hold what is not text; the whole object is opaque then.
bool is_opaque_type(std::string_view type) {
  for (const std::string_view opaque : {"image", "image_url", "input_image", "input_audio", "audio",
                                        "file", "input_file", "document", "video", "video_url"})
    if (type == opaque) return true;
  return false;
}

/// Adds up what is in the texts of a request.
class RequestScan {
 public:
  RequestScan(const EntitySet& gated, const ScanLimits& limits, FindScratch& scratch,
              const CleanTexts* known)
      : limits_(limits),
        deadline_(Clock::now() + limits.time_max),
        scratch_(scratch),
        known_(known),
        clean_(gated),
        without_names_((gated & tagged_entities()).none()) {
    result_.gated = gated;
    scratch_.without_names = without_names_;
  }
  RequestScan(const RequestScan&) = delete;
  RequestScan& operator=(const RequestScan&) = delete;
  ~RequestScan() { scratch_.without_names = false; }  // whatever goes wrong

  void value(const json::value& value, std::string_view name, std::size_t depth) {
    if (gave_up_) return;
    if (depth > kDepthMax) return give_up("it is nested too deep");
    switch (value.kind()) {
      case json::kind::object:
        return object(value.get_object(), depth);
      case json::kind::array:
        for (const json::value& each : value.get_array()) this->value(each, name, depth + 1);
        return;
      case json::kind::string:
        return member(name, value.get_string());
      case json::kind::int64:
        return member(name, std::to_string(value.get_int64()));
      case json::kind::uint64:
        return member(name, std::to_string(value.get_uint64()));
      case json::kind::double_:
        return number(name, value.get_double());
      default:
        return;
    }
  }

  /// A text, and what it says once its escapes are undone. Counts are those of the reading that
  /// finds most.
  ///
  /// `prefix`: bytes in front that are the member's name, which was looked through by itself.
  void text(std::string_view text, std::size_t prefix = 0) {
    if (known_ != nullptr && known_->contains(text, result_.gated)) return;
    std::array<std::uint32_t, entity_types_count> most{};
    count(text, prefix, most);
    std::string current(text.find('\\') == std::string_view::npos ? std::string_view{} : text);
    std::string undone;
    // In prose a backslash is none of JSON's: "C:\\new" holds no line's end and nobody called Ew.
    const bool names_were_off = scratch_.without_names;
    if (!current.empty() && !is_json_container(text)) scratch_.without_names = true;
    for (int times = 0; !current.empty() && !gave_up_; ++times) {
      if (!json_unescaped(current, undone)) break;
      if (times == kUnescapesMax) {
        unknown("it holds JSON inside JSON inside JSON, too often to read");
        break;
      }
      count(undone, prefix, most);
      std::swap(current, undone);
    }
    scratch_.without_names = names_were_off;
    bool nothing = !gave_up_;
    for (std::size_t i = 0; i < most.size(); ++i) {
      result_.counts[i] += most[i];
      nothing = nothing && !(most[i] != 0 && result_.gated.test(i));
    }
    if (nothing) clean_.add(text);
  }

  void key(std::string_view key) {
    constexpr std::size_t says_nothing_up_to = 5;
    if (key.size() <= says_nothing_up_to) return;
    scratch_.without_names = without_names_ || is_program_word(key);
    text(key);
    scratch_.without_names = without_names_;
  }

  Sensitivity finish() {
    if (has_media_ && result_.unknown_reason.empty()) {
      result_.only_media = true;
      unknown("it has a picture, sound or file, which nothing here can look into");
    }
    if (!result_.unknown_reason.empty())
      result_.verdict = Verdict::Unknown;
    else
      result_.verdict = result_.found().any() ? Verdict::Found : Verdict::None;
    result_.clean = std::make_shared<const CleanTexts>(std::move(clean_));
    return std::move(result_);
  }

 private:
  void unknown(std::string_view reason) {
    if (result_.unknown_reason.empty()) result_.unknown_reason = reason;
  }
  void give_up(std::string_view reason) {
    unknown(reason);
    gave_up_ = true;
  }

  void object(const json::object& object, std::size_t depth) {
    const json::value* type = object.if_contains("type");
    if (type != nullptr && type->is_string() && is_opaque_type(type->get_string()))
      has_media_ = true;
    for (const auto& each : object) {
      // A name can be data too: {"jane@example.com": ...}.
      key(each.key());
      value(each.value(), each.key(), depth + 1);
    }
  }

  void number(std::string_view name, double value) {
    std::array<char, 32> digits{};
    const bool is_whole =
        value == static_cast<double>(static_cast<std::int64_t>(std::clamp(value, -9e18, 9e18)));
    const int size = std::snprintf(digits.data(), digits.size(), is_whole ? "%.0f" : "%.17g",
                                   std::clamp(value, -9e18, 9e18));
    member(name, {digits.data(), static_cast<std::size_t>(std::max(size, 0))});
  }

  /// Reads "name: value", because the name may say what the value is.
  void member(std::string_view name, std::string_view value) {
    if (value.starts_with("data:") && value.find(";base64,") < 128) {
      has_media_ = true;
      return;
    }
    const bool says_nothing = name.empty() || name == "content" || name == "text" ||
                              name == "role" || name == "type" || name == "arguments" ||
                              name == "input" || name == "model" || name.size() > 128;
    // "Claude" is the name of models, too. A sentence in such a member is one of a person's.
    const bool dialects_word = (name == "model" || name == "role" || name == "type") &&
                               value.find_first_of(" \t\n") == std::string_view::npos;
    scratch_.without_names = without_names_ || dialects_word || is_program_word(value);
    if (says_nothing) {
      text(value);
      scratch_.without_names = without_names_;
      return;
    }
    named_.assign(name);
    named_ += ": ";
    const std::size_t prefix = named_.size();
    named_ += value;
    text(named_, prefix);
    scratch_.without_names = without_names_;
  }

  void count(std::string_view text, std::size_t prefix,
             std::array<std::uint32_t, entity_types_count>& most) {
    if (gave_up_) return;
    bytes_ += text.size();
    if (bytes_ > limits_.bytes_max)
      return give_up("it is longer than " + std::to_string(limits_.bytes_max) +
                     " bytes, the limit for looking through it");
    const auto findings = find_entities_until(text, deadline_, scratch_);
    if (!findings) return give_up("looking through it took too long");
    std::array<std::uint32_t, entity_types_count> counts{};
    for (const Finding& finding : *findings)
      if (finding.end > prefix) ++counts[static_cast<std::size_t>(finding.type)];
    for (std::size_t i = 0; i < most.size(); ++i) most[i] = std::max(most[i], counts[i]);
  }

  ScanLimits limits_;
  Clock::time_point deadline_;
  FindScratch& scratch_;
  const CleanTexts* known_;
  CleanTexts clean_;
  const bool without_names_;
  Sensitivity result_;
  std::string named_;
  std::size_t bytes_ = 0;
  bool gave_up_ = false;
  bool has_media_ = false;
};

/// What goes wrong inside (memory, a bug) is a verdict too.
template <typename Look>
Sensitivity fail_closed(const EntitySet& gated, Look look) {
  try {
    return look();
  } catch (const std::exception&) {
    Sensitivity result;
    result.gated = gated;
    result.unknown_reason = "looking through it failed";
    return result;
  }
}

}  // namespace

void CleanTexts::add(std::string_view text) {
  if (text.size() < worth_keeping || texts_.size() == count_max || text.size() > bytes_max - bytes_)
    return;
  bytes_ += text.size();
  texts_.emplace_back(text);
}

bool CleanTexts::contains(std::string_view text, const EntitySet& types) const {
  return (types & ~types_).none() && text.size() >= worth_keeping &&
         std::ranges::any_of(texts_, [&](const std::string& one) { return one == text; });
}

EntitySet Sensitivity::found() const {
  EntitySet set;
  for (std::size_t i = 0; i < counts.size(); ++i) set.set(i, counts[i] > 0);
  return set & gated;
}

std::string Sensitivity::summary() const {
  std::string text;
  const EntitySet set = found();
  for (std::size_t i = 0; i < counts.size(); ++i)
    if (set.test(i))
      text += (text.empty() ? "" : ", ") + std::to_string(counts[i]) + " " +
              std::string(entity_name(static_cast<EntityType>(i)));
  return text;
}

Sensitivity scan_request(const json::object& body, const EntitySet& gated, const ScanLimits& limits,
                         FindScratch& scratch, const CleanTexts* clean) {
  return fail_closed(gated, [&] {
    RequestScan scan(gated, limits, scratch, clean);
    for (const auto& each : body) {
      scan.key(each.key());
      scan.value(each.value(), each.key(), 0);
    }
    return scan.finish();
  });
}

Sensitivity scan_text(std::string_view text, const EntitySet& gated, const ScanLimits& limits,
                      FindScratch& scratch) {
  return fail_closed(gated, [&] {
    RequestScan scan(gated, limits, scratch, nullptr);
    scan.text(text);
    return scan.finish();
  });
}

}  // namespace croft::privacy

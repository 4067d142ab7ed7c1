#include "store/model_name.h"

#include <algorithm>
#include <array>
#include <utility>

#include "io/quote_foreign.h"

namespace croft {
namespace {

// Far above any real name ("Qwen2.5-Coder-32B-Instruct-GGUF" has 32) and below NAME_MAX (255) even
// with what staging adds.
constexpr std::size_t part_bytes_max = 96;
// All parts together become one file name below .partial (NAME_MAX is 255).
constexpr std::size_t name_bytes_max = 200;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

Result<void> check_part(std::string_view part, std::string_view what, std::string_view whole) {
  const auto refuse = [&](std::string_view rule) {
    return fail(ErrorCode::InvalidArgument,
                "the model name " + quote_foreign(whole) + " has " + std::string(what) + " that " +
                    std::string(rule),
                "Names look like smollm2:135m, hf:user/repo or hf:user/repo:q4_k_m.", "model");
  };
  if (part.empty()) return refuse("is empty");
  if (part.size() > part_bytes_max) return refuse("is longer than 96 characters");
  if (!is_letter_or_digit(part.front())) return refuse("does not start with a letter or a digit");
  for (const char c : part) {
    if (!is_letter_or_digit(c) && c != '.' && c != '_' && c != '-') {
      return refuse("holds a character other than letters, digits, '.', '_' and '-'");
    }
  }
  if (part.find("..") != std::string_view::npos) return refuse("holds '..'");
  return {};
}

/// Takes "hf:" or a pasted address off the front; true where there was one.
bool take_hub_prefix(std::string_view& text) {
  bool found = false;
  if (text.starts_with("https://")) text.remove_prefix(8);
  for (const std::string_view prefix : {"hf:", "hf.co/", "huggingface.co/"}) {
    if (!text.starts_with(prefix)) continue;
    text.remove_prefix(prefix.size());
    found = true;
    break;
  }
  return found;
}

}  // namespace

Result<ModelName> ModelName::parse(std::string_view text) {
  std::string_view rest = text;
  const bool hub_wanted = take_hub_prefix(rest);
  if (text.size() > name_bytes_max) {
    return fail(ErrorCode::InvalidArgument,
                "the model name " + quote_foreign(text) + " is longer than 200 bytes",
                "Give a path or a name such as smollm2:135m.", "model");
  }
  ModelName name;
  const std::size_t slash = rest.find('/');
  if (slash != std::string_view::npos) {
    name.user = rest.substr(0, slash);
    rest.remove_prefix(slash + 1);
    TRY(check_part(name.user, "a user", text));
  } else if (hub_wanted) {
    return fail(ErrorCode::InvalidArgument,
                "the hub name " + quote_foreign(text) + " lacks the user before the repository",
                "Write it as hf:user/repo or hf:user/repo:q4_k_m.", "model");
  }
  const std::size_t colon = rest.find(':');
  if (colon != std::string_view::npos) {
    TRY(check_part(rest.substr(colon + 1), "a tag", text));
    name.tag = lower(rest.substr(colon + 1));
    rest = rest.substr(0, colon);
  }
  TRY(check_part(rest, slash == std::string_view::npos ? "a family" : "a repository", text));
  name.model = name.on_hub() ? std::string(rest) : lower(rest);
  if (!name.on_hub() && name.model == "hf") {
    return fail(ErrorCode::InvalidArgument, "the model name 'hf' is kept for the hub's models",
                "Choose another name.", "model");
  }
  return name;
}

std::string ModelName::text() const {
  std::string out = on_hub() ? "hf:" + user + "/" + model : model;
  if (!tag.empty()) out += ":" + tag;
  return out;
}

std::filesystem::path ModelName::folder() const {
  // The hub takes names case-blind, so the folder is lower case: one model, one folder.
  if (on_hub()) return std::filesystem::path("hf") / lower(user) / lower(model) / tag;
  return std::filesystem::path(model) / tag;
}

}  // namespace croft

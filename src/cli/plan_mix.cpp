#include "cli/plan_mix.h"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace croft::cli {
namespace {

constexpr std::size_t name_bytes_max = 40;
constexpr std::size_t classes_max = 32;

/// What small models are used for in an office: chat behind a system prompt, questions about a
/// passage, short labels.
const char* const usual_mix[] = {"chat=60,300,150,128", "passage=25,600,150,128",
                                 "label=15,250,8,192"};

std::unexpected<Error> wrong(const std::string& text, const std::string& why) {
  return fail(ErrorCode::InvalidArgument, "--mix " + text + ": " + why,
              "Write NAME=SHARE,PROMPT,ANSWER[,SHARED], for example support=60,300,120,200.",
              "mix");
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= name_bytes_max && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

template <typename Number>
bool read(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

Result<RequestClass> parse_request_class(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || !is_name(std::string_view(text).substr(0, equals)))
    return wrong(text, "a class begins with a name of letters, digits, '.', '_' or '-', and '='");
  std::vector<std::string_view> parts;
  for (std::string_view rest = std::string_view(text).substr(equals + 1);;) {
    const std::size_t comma = rest.find(',');
    parts.push_back(rest.substr(0, comma));
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  if (parts.size() < 3 || parts.size() > 4)
    return wrong(text, "3 or 4 numbers follow the name, not " + std::to_string(parts.size()));
  RequestClass out;
  out.name = text.substr(0, equals);
  if (!read(parts[0], out.share) || !(out.share > 0.0) || out.share > 1e6)
    return wrong(text, "the share is a number above 0, at most 1000000");
  if (!read(parts[1], out.prompt) || !read(parts[2], out.answer) || out.prompt == 0 ||
      out.answer == 0)
    return wrong(text, "prompt and answer are whole numbers of tokens, at least 1");
  if (parts.size() == 4 && (!read(parts[3], out.shared) || out.shared > out.prompt))
    return wrong(text, "the shared part is a whole number of tokens, at most the prompt's");
  return out;
}

Result<std::vector<RequestClass>> parse_mix(const std::vector<std::string>& texts) {
  std::vector<std::string> given = texts;
  if (given.empty()) given.assign(std::begin(usual_mix), std::end(usual_mix));
  if (given.size() > classes_max)
    return fail(ErrorCode::InvalidArgument,
                "--mix is given " + std::to_string(given.size()) + " times, the most is " +
                    std::to_string(classes_max),
                {}, "mix");
  std::vector<RequestClass> mix;
  for (const std::string& text : given) {
    RequestClass one = TRY(parse_request_class(text));
    if (std::ranges::find(mix, one.name, &RequestClass::name) != mix.end())
      return wrong(text, "there is a class of this name already");
    mix.push_back(std::move(one));
  }
  return mix;
}

}  // namespace croft::cli

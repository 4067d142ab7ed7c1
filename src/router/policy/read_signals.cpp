#include "router/policy/read_signals.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "router/policy/condition.h"

namespace croft {
namespace {

// English prose has about 4 bytes a token, other languages and code about 3; a request that is
// taken for too long is answered elsewhere, one taken for too short fails.
constexpr std::size_t bytes_per_token = 3;
constexpr std::size_t tokens_per_message = 8;        // role, turn markers
constexpr std::size_t answer_tokens_expected = 512;  // for costs, where the caller gave no limit
constexpr std::int64_t answer_tokens_max = 10'000'000;

bool is_image(std::string_view type) {
  return type == "image_url" || type == "input_image" || type == "image";
}

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](unsigned char c) { return (c & 0xC0U) != 0x80U; }));
}

class BodyReader {
 public:
  BodyReader(GateSignals& out, std::string& text) : out_(out), text_(text) { text_.clear(); }

  void read(const json::object& body) {
    // Anthropic's system text stands beside the messages.
    read_content(find(body, "system"), false);
    // A body has one of these; of several the first is what is answered, and all are counted.
    bool answered = false;
    for (const char* name : {"messages", "prompt", "input"}) {
      const auto* given = find(body, name);
      if (given == nullptr) continue;
      if (given->is_array() && name != std::string_view("prompt"))
        read_turns(*given, !answered);
      else
        read_content(given, !answered);
      answered = true;
    }
    read_tools(body);
    out_.tokens = out_.total_bytes / bytes_per_token + 1 + turns_ * tokens_per_message;
  }

 private:
  void read_turns(const json::value& turns, bool is_answered) {
    for (const json::value& turn : turns.get_array()) {
      ++turns_;
      const auto* object = turn.if_object();
      const auto role = find_string(turn, "role");
      const bool is_user = is_answered && (!role || *role == "user");
      const auto* content = object == nullptr ? nullptr : find(*object, "content");
      if (content != nullptr)
        read_content(content, is_user);
      else if (!role)  // a bare string or part of a response's input: one text with those around it
        read_part(turn, is_user);
      const auto* calls = object == nullptr ? nullptr : find(*object, "tool_calls");
      if (calls == nullptr) continue;
      out_.tools = true;
      add_json(*calls);
    }
  }

  void read_content(const json::value* content, bool is_user) {
    if (content == nullptr) return;
    if (is_user && has_text(*content)) text_.clear();  // only the last user message is kept
    if (const auto* text = content->if_string()) add_text(*text, is_user);
    if (const auto* parts = content->if_array())
      for (const json::value& part : *parts) read_part(part, is_user);
  }

  /// Tool results are user turns in Anthropic's form: they must not displace the question.
  static bool has_text(const json::value& content) {
    if (content.is_string()) return true;
    const auto* parts = content.if_array();
    return parts != nullptr && std::ranges::any_of(*parts, [](const json::value& part) {
             return part.is_string() || find_string(part, "text");
           });
  }

  void read_part(const json::value& part, bool is_user) {
    if (const auto* text = part.if_string()) return add_text(*text, is_user);
    const std::string_view type = find_string(part, "type").value_or("");
    if (is_image(type)) {
      out_.images = true;
      return;
    }
    if (const auto text = find_string(part, "text")) add_text(*text, is_user);
    if (type == "tool_use" || type == "tool_result") {
      out_.tools = true;
      add_json(part);
    }
  }

  void add_text(std::string_view text, bool is_user) {
    out_.total_bytes += text.size();
    if (!is_user) return;
    if (!text_.empty()) text_ += '\n';
    text_ += text;
  }

  void add_json(const json::value& value) { out_.total_bytes += json::serialize(value).size(); }

  void read_tools(const json::object& body) {
    for (const char* name : {"tools", "functions"}) {
      const auto* tools = find(body, name);
      const auto* array = tools == nullptr ? nullptr : tools->if_array();
      if (array == nullptr || array->empty()) continue;
      out_.tools = true;
      add_json(*tools);
    }
  }

  GateSignals& out_;
  std::string& text_;
  std::size_t turns_ = 0;
};

bool asks_json(const json::object& body) {
  if (const auto* format = find(body, "response_format"))
    return find_string(*format, "type").value_or("text") != "text";
  if (const auto* text = find(body, "text"))  // of a response
    if (const auto* format = find(*text, "format"))
      return find_string(*format, "type").value_or("text") != "text";
  return find(body, "format") != nullptr;  // Ollama's
}

std::size_t answer_tokens(const json::object& body) {
  for (const char* name : {"max_completion_tokens", "max_tokens", "max_output_tokens"})
    if (const auto given = find_int(body, name))
      return static_cast<std::size_t>(std::clamp<std::int64_t>(*given, 0, answer_tokens_max));
  return answer_tokens_expected;
}

}  // namespace

GateSignals read_signals(const json::object& body, const RequestFacts& facts,
                         SignalScratch& scratch) {
  GateSignals out;
  BodyReader(out, scratch.text).read(body);
  out.text = scratch.text;
  scratch.folded.resize(scratch.text.size());
  std::ranges::transform(scratch.text, scratch.folded.begin(), ascii_lower);
  out.folded = scratch.folded;
  out.characters = count_characters(scratch.text);
  out.answer_tokens = answer_tokens(body);
  out.json = asks_json(body);
  out.tenant = facts.tenant;
  out.deadline = facts.deadline;
  out.budget_left = facts.budget_left;
  out.draw = facts.draw;
  // Intent, language, code and sensitivity have gates of their own: missing until they are asked.
  return out;
}

WallClock wall_clock(std::chrono::system_clock::time_point now) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm local{};
  if (localtime_r(&seconds, &local) == nullptr) return {};
  return {.weekday = (local.tm_wday + 6) % 7, .minute = local.tm_hour * 60 + local.tm_min};
}

}  // namespace croft

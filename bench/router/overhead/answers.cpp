#include "answers.h"

#include <algorithm>
#include <cstdio>

namespace croft::overhead {
namespace {

constexpr std::string_view filler = " of plain words that say the same thing every time";

std::string chunk(std::string_view data) {
  char size[24];
  std::snprintf(size, sizeof size, "%zx\r\n", data.size());
  return size + std::string(data) + "\r\n";
}

std::string event(std::string_view choices, std::string_view more = "") {
  return chunk(
      "data: "
      "{\"id\":\"chatcmpl-mock\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,"
      "\"model\":\"mock\",\"choices\":[" +
      std::string(choices) + "]" + std::string(more) + "}\n\n");
}

std::string choice(std::string_view delta, std::string_view finish = "null") {
  return "{\"index\":0,\"delta\":{" + std::string(delta) +
         "},\"logprobs\":null,\"finish_reason\":" + std::string(finish) + "}";
}

std::string usage(std::int64_t tokens) {
  return "\"usage\":{\"prompt_tokens\":250,\"completion_tokens\":" + std::to_string(tokens) +
         ",\"total_tokens\":" + std::to_string(250 + tokens) + "}";
}

}  // namespace

std::string json_answer(std::string_view body, std::string_view status) {
  return "HTTP/1.1 " + std::string(status) +
         "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + std::string(body);
}

std::string chat_answer(std::size_t characters) {
  std::string text(marker);
  while (text.size() < characters) text += filler;
  text.resize(std::max(characters, marker.size()));
  return json_answer(
      "{\"id\":\"chatcmpl-mock\",\"object\":\"chat.completion\",\"created\":1700000000,\"model\":"
      "\"mock\",\"choices\":[{\"index\":0,"
      "\"message\":{\"role\":\"assistant\",\"content\":\"" +
      text + "\",\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"stop\"}]," +
      usage(static_cast<std::int64_t>(text.size() / 4)) + "}");
}

std::string stream_begin() {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: "
         "no-cache\r\nTransfer-Encoding: chunked\r\n\r\n" +
         event(choice("\"role\":\"assistant\",\"content\":\"\""));
}

void append_stream_piece(std::string& out, std::int64_t now_ns) {
  // The event is built once; only the digits change.
  static const std::string made = event(choice("\"content\":\"t=00000000000000000000 \""));
  static const std::size_t digits_at = made.find(mark_begins) + mark_begins.size();
  out += made;
  std::size_t at = out.size() - made.size() + digits_at + mark_digits;
  for (std::int64_t left = now_ns; left > 0; left /= 10)
    out[--at] = static_cast<char>('0' + left % 10);
}

std::string stream_end(bool with_usage, std::int64_t pieces) {
  return event(choice("", "\"stop\"")) + (with_usage ? event("", "," + usage(pieces)) : "") +
         chunk("data: [DONE]\n\n") + "0\r\n\r\n";
}

}  // namespace croft::overhead

#pragma once
/// What the fuzz targets of readers and requests share: the promises that must hold for any bytes.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "router/dialects/answer_reader.h"
#include "router/dialects/answer_writer.h"
#include "router/dialects/read_request.h"
#include "router/dialects/write_request.h"
#include "text/utf8.h"

namespace croft::dialects {

inline std::vector<AnswerEvent> fuzz_read(const ReaderOptions& options, std::string_view first,
                                          std::string_view second) {
  AnswerReader reader(options);
  std::vector<AnswerEvent> events;
  reader.feed(first, events);
  reader.feed(second, events);
  reader.finish(events);
  CHECK(reader.ended());
  return events;
}

/// Started first, one end and last, calls counted from 0, arguments of the call before only.
inline void check_order(const std::vector<AnswerEvent>& events) {
  CHECK(!events.empty());
  std::size_t calls_count = 0;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const bool last = i + 1 == events.size();
    const bool end =
        std::holds_alternative<Finished>(events[i]) || std::holds_alternative<Failed>(events[i]);
    CHECK(end == last);
    CHECK(std::holds_alternative<Started>(events[i]) == (i == 0 && !end));
    if (const auto* call = std::get_if<ToolCallBegin>(&events[i]))
      CHECK(call->index == calls_count++ && !call->id.empty() && !call->name.empty());
    if (const auto* arguments = std::get_if<ToolCallArguments>(&events[i]))
      CHECK(arguments->index + 1 == calls_count);
    if (const auto* usage = std::get_if<Usage>(&events[i]))
      CHECK(usage->prompt_tokens.value_or(0) >= 0 && usage->completion_tokens.value_or(0) >= 0);
  }
}

inline void fuzz_answer(Dialect dialect, const std::uint8_t* data, std::size_t size) {
  if (size == 0) return;
  ReaderOptions options{.dialect = dialect};
  options.delivery = data[0] % 2 == 0 ? Delivery::Stream : Delivery::Whole;
  options.event_bytes_max = 8192;
  options.answer_bytes_max = 12'000;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t cut = bytes.size() * data[0] / 255;
  const std::vector<AnswerEvent> events = fuzz_read(options, bytes, {});
  CHECK(events == fuzz_read(options, bytes.substr(0, cut), bytes.substr(cut)));
  check_order(events);
  for (const Dialect client : {Dialect::OpenAi, Dialect::Anthropic}) {
    const auto writer = make_answer_writer(client, {.include_usage = true});
    std::string written;
    for (const AnswerEvent& event : events) written += writer->write(event);
    CHECK(utf8::is_valid(written));
    // What is written can be read again, and ends in the same way.
    const std::vector<AnswerEvent> back = fuzz_read({.dialect = client}, written, {});
    check_order(back);
    CHECK(std::holds_alternative<Finished>(back.back()) ==
          std::holds_alternative<Finished>(events.back()));
    const Result<json::object> whole = write_whole_answer(client, {}, events);
    if (whole) CHECK(utf8::is_valid(json::serialize(*whole)));
    if (std::holds_alternative<Failed>(events.back())) CHECK(!whole);
  }
}

inline void check_written(const Result<WrittenRequest>& written) {
  if (!written) {
    CHECK(!written.error().message.empty());
    return;
  }
  // As deep as it was read, in at most the shape of one more dialect.
  CHECK(parse_json(json::serialize(written->body), "body", 256).has_value());
}

inline void fuzz_request(Dialect client, const std::uint8_t* data, std::size_t size) {
  const Result<json::value> body = parse_json({reinterpret_cast<const char*>(data), size}, "body");
  if (!body) return;
  const Result<ChatCall> call =
      client == Dialect::OpenAi ? read_openai_chat(*body) : read_anthropic_messages(*body);
  if (!call) {
    CHECK(!call.error().field.empty() && !call.error().message.empty());
    return;
  }
  CHECK(!call->messages.empty());
  check_written(write_openai(*call, {.model = "m", .engine_extras = true}));
  check_written(write_anthropic(*call, {.model = "m", .tokens_max = 4096}));
  check_written(write_ollama(*call, {.model = "m", .context_tokens = 4096}));
}

}  // namespace croft::dialects

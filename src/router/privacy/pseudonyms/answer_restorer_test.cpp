// Goal: the bytes of OpenAI's, Anthropic's and Ollama's answers carry true values to clients of
// either dialect, however the cloud cut them. Method: native streams with surrogates over several
// deltas and in tool-call arguments, fed byte by byte and whole through reader, restorer, writer.
#include "router/privacy/pseudonyms/answer_restorer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "router/dialects/answer_reader.h"
#include "router/dialects/answer_writer.h"

namespace croft::privacy {
namespace {

using dialects::AnswerEvent;
using dialects::Dialect;

std::shared_ptr<const Restorations> restorations() {
  return std::make_shared<const Restorations>(std::vector<Restoration>{
      {.surrogate = "Kendall Marlwick",
       .value = "Anna \"Ann\" Schmidt",
       .endings = Endings::Names,
       .recasing = Recasing::Names},
      {.surrogate = "Marlwick",
       .value = "Schmidt",
       .endings = Endings::Names,
       .recasing = Recasing::Names},
      {.surrogate = "id_abcdefghij", .value = "mail_anna", .is_identifier = true},
  });
}

std::vector<AnswerEvent> restore_all(const std::vector<AnswerEvent>& events,
                                     TextForm form = TextForm::Prose) {
  AnswerRestorer restorer(restorations(), form);
  std::vector<AnswerEvent> out;
  for (const AnswerEvent& event : events)
    restorer.feed(event, [&](AnswerEvent each) { out.push_back(std::move(each)); });
  return out;
}

std::string text_of(const std::vector<AnswerEvent>& events) {
  std::string text;
  for (const AnswerEvent& event : events) {
    if (const auto* piece = std::get_if<dialects::TextDelta>(&event)) text += piece->text;
    if (const auto* piece = std::get_if<dialects::ThinkingDelta>(&event))
      text += "[" + piece->text + "]";
    if (const auto* call = std::get_if<dialects::ToolCallBegin>(&event))
      text += "{" + call->name + "}";
    if (const auto* piece = std::get_if<dialects::ToolCallArguments>(&event)) text += piece->text;
  }
  return text;
}

/// An upstream's bytes as a client of `client` gets them, and how it reads them.
std::string through(Dialect upstream, Dialect client, std::string_view bytes, std::size_t step) {
  dialects::AnswerReader reader({.dialect = upstream});
  AnswerRestorer restorer(restorations(), TextForm::Prose);
  const auto writer = dialects::make_answer_writer(client, {});
  dialects::AnswerReader client_reader({.dialect = client});
  std::vector<AnswerEvent> events;
  std::vector<AnswerEvent> seen;
  const auto pass_on = [&] {
    for (AnswerEvent& event : events)
      restorer.feed(std::move(event), [&](const AnswerEvent& each) {
        client_reader.feed(writer->write(each), seen);
      });
    events.clear();
  };
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    reader.feed(bytes.substr(at, step), events);
    pass_on();
  }
  reader.finish(events);
  pass_on();
  client_reader.finish(seen);
  EXPECT_TRUE(std::holds_alternative<dialects::Finished>(seen.back()));
  return text_of(seen);
}

constexpr std::string_view kOpenAi =
    R"(data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"Dear Ken"},"finish_reason":null}]}

data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"dall \u004d"},"finish_reason":null}]}

data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"arlwick"},"finish_reason":null}]}

data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_a","type":"function","function":{"name":"id_abcdefghij","arguments":""}}]},"finish_reason":null}]}

data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"to\":\"Kendall Ma"}}]},"finish_reason":null}]}

data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"rlwick\"}"}}]},"finish_reason":null}]}

data: {"id":"c","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}

data: [DONE]

)";

constexpr std::string_view kAnthropic =
    R"(event: message_start
data: {"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Dear Kendall\u0020"}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Marlwick"}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: content_block_start
data: {"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t","name":"id_abcdefghij","input":{}}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"to\":\"Kenda"}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"ll Marlwick\"}"}}

event: content_block_stop
data: {"type":"content_block_stop","index":1}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":5}}

event: message_stop
data: {"type":"message_stop"}

)";

constexpr std::string_view kOllama =
    R"({"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"Dear Kendall Mar"},"done":false}
{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"lwick"},"done":false}
{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"id_abcdefghij","arguments":{"to":"Kendall Marlwick"}}}]},"done":false}
{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":1,"eval_count":1}
)";

TEST(AnswerRestorer, P4_NativeBytesOfEachDialectAreRestored) {
  const std::string expected = R"(Dear Anna "Ann" Schmidt{mail_anna}{"to":"Anna \"Ann\" Schmidt"})";
  for (const Dialect client : {Dialect::OpenAi, Dialect::Anthropic})
    for (const auto& [upstream, bytes] :
         {std::pair{Dialect::OpenAi, kOpenAi}, std::pair{Dialect::Anthropic, kAnthropic},
          std::pair{Dialect::Ollama, kOllama}})
      for (const std::size_t step : {std::size_t{1}, std::size_t{7}, bytes.size()})
        EXPECT_EQ(through(upstream, client, bytes, step), expected)
            << dialects::dialect_text(upstream) << " " << step;
}

TEST(AnswerRestorer, P8_EveryKindOfEvent) {
  using namespace dialects;
  const auto out = restore_all({
      Started{.id = "x", .model = "m"},
      ThinkingDelta{.text = "of Marl"},
      ThinkingDelta{.text = "wick"},
      ThinkingSignature{.signature = "Marlwick"},
      TextDelta{.text = "Mar"},
      ToolCallBegin{.index = 0, .id = "1", .name = "f"},
      ToolCallArguments{.index = 0, .text = R"({"a":"Marlwick)"},
      ToolCallArguments{.index = 0, .text = R"("})"},
      ToolCallBegin{.index = 1, .id = "2", .name = "id_abcdefghij"},
      ToolCallArguments{.index = 1, .text = R"({"b":"Marlwick"})"},
      Usage{.prompt_tokens = 1},
      Finished{.cause = FinishCause::StopSequence, .stop_sequence = "Marlwick"},
  });
  EXPECT_EQ(text_of(out), R"([of ][Schmidt]Mar{f}{"a":"Schmidt"}{mail_anna}{"b":"Schmidt"})");
  EXPECT_EQ(std::get<ThinkingSignature>(out.at(3)).signature, "Marlwick");  // its provider's own
  EXPECT_EQ(std::get<Finished>(out.back()).stop_sequence, "Schmidt");
  const auto failed =
      restore_all({Started{}, TextDelta{.text = "Dear Mar"},
                   Failed{.error = fail(ErrorCode::Upstream, "no Marlwick").error()}});
  EXPECT_EQ(text_of(failed), "Dear ");  // half a surrogate is nothing
  EXPECT_EQ(std::get<Failed>(failed.back()).error.message, "no Schmidt");
  const auto cut = restore_all({TextDelta{.text = "Dear Kendall Marlwick Marlwick"}, Failed{}});
  EXPECT_EQ(text_of(cut), "Dear Anna \"Ann\" Schmidt Schmidt");
  const auto refusal = restore_all({RefusalDelta{.text = "Marlwick"}, Finished{}});
  EXPECT_EQ(std::get<RefusalDelta>(refusal.front()).text, "Schmidt");
}

TEST(AnswerRestorer, AnAnswerInJsonStaysJson) {
  using namespace dialects;
  const auto out =
      restore_all({TextDelta{.text = R"({"a": "Kendall Marlwick"})"}, Finished{}}, TextForm::Json);
  EXPECT_EQ(text_of(out), R"({"a": "Anna \"Ann\" Schmidt"})");
}

TEST(AnswerRestorer, NothingToRestoreIsNothingToDo) {
  AnswerRestorer restorer(std::make_shared<const Restorations>(), TextForm::Prose);
  const AnswerEvent event = dialects::TextDelta{.text = "Mar", .logprobs = {1}};
  restorer.feed(event, [&](const AnswerEvent& each) { EXPECT_EQ(each, event); });
}

}  // namespace
}  // namespace croft::privacy

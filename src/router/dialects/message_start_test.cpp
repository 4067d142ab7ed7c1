// Goal: Anthropic's first event tells the tokens of the prompt as soon as they are known, and 0 is
// never taken for a count. Method: one event written, one stream read.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "router/dialects/answer_reader.h"
#include "router/dialects/answer_writer.h"

namespace croft::dialects {
namespace {

TEST(MessageStart, SaysAtTheStartWhatIsKnownOfThePrompt) {
  const auto first = [](const Usage& usage) {
    const std::string bytes = make_answer_writer(Dialect::Anthropic, {})
                                  ->write(Started{.id = "u", .model = "v", .usage = usage});
    const std::size_t at = bytes.find("\"usage\":");
    return bytes.substr(at, bytes.find('}', at) + 1 - at);
  };
  EXPECT_EQ(first({}), R"("usage":{"input_tokens":0,"output_tokens":0})");
  EXPECT_EQ(first({.prompt_tokens = 9}), R"("usage":{"input_tokens":9,"output_tokens":0})");
  EXPECT_EQ(
      first({.prompt_tokens = 20, .cached_tokens = 8, .cache_write_tokens = 2}),
      R"("usage":{"input_tokens":10,"cache_creation_input_tokens":2,"cache_read_input_tokens":8,"output_tokens":0})");
}

TEST(MessageStart, TakesAPromptOfNoTokensForOneThatIsNotKnownYet) {
  std::vector<AnswerEvent> events;
  AnswerReader reader({.dialect = Dialect::Anthropic});
  reader.feed(
      R"(data: {"type":"message_start","message":{"id":"m","model":"c","usage":{"input_tokens":0,"output_tokens":0}}})"
      "\n\n",
      events);
  reader.finish(events);
  EXPECT_EQ(events.front(), AnswerEvent(Started{"m", "c"}));
  EXPECT_EQ(events.size(), 2U) << "an answer that is cut then says nothing of its usage";
}

}  // namespace
}  // namespace croft::dialects

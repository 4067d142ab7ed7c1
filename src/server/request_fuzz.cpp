// Goal: no body of any route can crash, hang or get two answers; an answer is JSON or an event
// stream. Method: the first byte chooses the route, the rest is the body; a fake engine answers at
// once, and posted tasks run in place.
#include <cstdint>
#include <memory>
#include <string>

#include "base/check.h"
#include "base/log.h"
#include "server/api/json_error.h"
#include "server/application.h"
#include "server/testing/fake_engine.h"
#include "server/testing/recording_writer.h"

namespace {

/// Every event is one line "data: ..." and an empty line.
bool is_event_stream(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = text.find("\n\n");
    if (end == std::string_view::npos) return false;
    const std::string_view event = text.substr(0, end);
    if (!event.starts_with("data: ") || event.find_first_of("\r\n") != event.npos) return false;
    text.remove_prefix(end + 2);
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace croft;
  static Application* const application = [] {
    init_log(LogLevel::Off, false);
    auto* made = new Application({.access = {.host = "127.0.0.1"}, .model_name = "fake"});
    made->set_engine(std::make_shared<testing::FakeEngine>(
        testing::FakeEngine::Options{.chat_template = "enable_thinking", .answer_at_once = true}));
    return made;
  }();
  constexpr const char* paths[] = {"/v1/chat/completions", "/v1/completions",
                                   "/v1/embeddings",       "/tokenize",
                                   "/detokenize",          "/apply-template"};
  if (size == 0) return 0;
  HttpRequest request;
  request.method = "POST";
  request.path = paths[data[0] % std::size(paths)];
  request.headers = {{"Host", "localhost"}, {"Content-Type", "application/json"}};
  request.body.assign(reinterpret_cast<const char*>(data + 1), size - 1);
  CHECK(!application->admit(request));
  const auto writer = std::make_shared<testing::RecordingWriter>();
  application->handle(std::move(request), writer);
  writer->run_posted();
  CHECK(writer->ended && writer->answers_count == 1);
  CHECK(is_utf8(writer->answer.body));
  CHECK(writer->answer.status < 500);
  if (writer->streaming)
    CHECK(is_event_stream(writer->answer.body));
  else
    CHECK(parse_json(writer->answer.body, "answer", 256).has_value());
  return 0;
}

#include "router/dialects/answer_reader.h"

#include <utility>

#include "base/check.h"
#include "router/dialects/answer_state.h"
#include "router/dialects/upstream_json.h"

namespace croft::dialects {
namespace {

std::unique_ptr<DialectReader> make_reader(const ReaderOptions& options) {
  switch (options.dialect) {
    case Dialect::OpenAi:
      return make_openai_reader(options);
    case Dialect::Anthropic:
      return make_anthropic_reader(options);
    case Dialect::Ollama:
      return make_ollama_reader(options);
  }
  CHECK(false);
}

}  // namespace

void DialectReader::feed(std::string_view bytes) {
  if (state.ended()) return;
  if (state.options().delivery == Delivery::Whole) {
    const std::size_t bytes_max = state.options().answer_bytes_max;
    if (bytes.size() > bytes_max - body_.size())
      return state.reject("the answer is longer than " + std::to_string(bytes_max) + " bytes");
    body_ += bytes;
    return;
  }
  const Result<void> result = split(bytes);
  if (!result) state.reject(result.error().message);
}

void DialectReader::finish() {
  if (state.ended()) return;
  if (state.options().delivery == Delivery::Whole) {
    if (body_.empty()) return state.cut();
    const Result<json::value> body = parse_upstream_json(body_, "it");
    body_.clear();
    if (!body) return state.reject(body.error().message);
    if (!body->is_object()) return state.reject("it is no JSON object");
    read_whole(*body);
    if (!state.ended()) state.reject("it lacks what makes an answer");
    return;
  }
  read_rest();
  if (state.ended()) return;
  if (state.has_finish()) return state.complete();
  state.cut();
}

AnswerReader::AnswerReader(ReaderOptions options) : reader_(make_reader(options)) {}
AnswerReader::~AnswerReader() = default;
AnswerReader::AnswerReader(AnswerReader&&) noexcept = default;
AnswerReader& AnswerReader::operator=(AnswerReader&&) noexcept = default;

void AnswerReader::feed(std::string_view bytes, std::vector<AnswerEvent>& events) {
  reader_->state.write_to(events);
  reader_->feed(bytes);
}

void AnswerReader::finish(std::vector<AnswerEvent>& events) {
  reader_->state.write_to(events);
  reader_->finish();
}

bool AnswerReader::ended() const {
  return reader_->state.ended();
}

}  // namespace croft::dialects

// Anthropic's events: message_start, blocks one after the other, message_delta, message_stop.
#include <utility>

#include "router/dialects/answer_shape.h"
#include "router/dialects/client_error.h"

namespace croft::dialects {
namespace {

std::string format_event(json::object data) {
  const std::string name(std::string_view(data.at("type").get_string()));
  return "event: " + name + "\ndata: " + json::serialize(data) + "\n\n";
}

/// The type asks for numbers here, and upstreams of other dialects know theirs at the end only: 0
/// until message_delta has the true ones, which replace these.
json::object first_usage(const Usage& known) {
  json::object usage;
  for (const auto& count : anthropic_usage_json(known)) {
    const bool required = count.key() == "input_tokens" || count.key() == "output_tokens";
    if (!count.value().is_null())
      usage[count.key()] = count.value();
    else if (required)
      usage[count.key()] = 0;
  }
  return usage;
}

class AnthropicWriter final : public AnswerWriter {
 public:
  explicit AnthropicWriter(AnswerLook look) : look_(std::move(look)) {}

  std::string write(const AnswerEvent& event) override;
  std::string ping() const override { return format_event({{"type", "ping"}}); }

 private:
  enum class Block : std::uint8_t { None, Text, Thinking, ToolUse };

  std::string handle(const Started& event);
  std::string handle(const TextDelta& event) { return text(event.text); }
  std::string handle(const RefusalDelta& event) { return text(event.text); }
  std::string handle(const ThinkingDelta& event);
  std::string handle(const ThinkingSignature& event);
  std::string handle(const RedactedThinking& event);
  std::string handle(const ToolCallBegin& event);
  std::string handle(const ToolCallArguments& event);
  std::string handle(const Usage& event);
  std::string handle(const Finished& event);
  std::string handle(const Failed& event);

  std::string text(const std::string& piece);
  /// Ends the open block and begins another, unless one of that kind is open.
  std::string open(Block kind, json::object block);
  std::string close();
  [[nodiscard]] std::string delta(json::object delta) const;

  AnswerLook look_;
  Usage usage_;
  Block block_ = Block::None;
  std::size_t blocks_count_ = 0;  ///< begun; the open one is the last
  bool started_ = false;
  bool ended_ = false;
};

std::string AnthropicWriter::close() {
  if (block_ == Block::None) return {};
  block_ = Block::None;
  return format_event({{"type", "content_block_stop"}, {"index", blocks_count_ - 1}});
}

std::string AnthropicWriter::open(Block kind, json::object block) {
  if (block_ == kind) return {};
  std::string out = close();
  block_ = kind;
  json::object event = {{"type", "content_block_start"}, {"index", blocks_count_++}};
  event["content_block"] = std::move(block);
  return out + format_event(std::move(event));
}

std::string AnthropicWriter::delta(json::object delta) const {
  json::object event = {{"type", "content_block_delta"}, {"index", blocks_count_ - 1}};
  event["delta"] = std::move(delta);
  return format_event(std::move(event));
}

std::string AnthropicWriter::handle(const Started& event) {
  if (started_) return {};
  started_ = true;
  json::object message;
  message["id"] = look_.id.empty() ? event.id : look_.id;
  message["type"] = "message";
  message["role"] = "assistant";
  message["model"] = look_.model.empty() ? event.model : look_.model;
  message["content"] = json::array{};
  message["stop_reason"] = nullptr;
  message["stop_sequence"] = nullptr;
  message["usage"] = first_usage(event.usage);
  json::object first = {{"type", "message_start"}, {"message", std::move(message)}};
  add_extras(look_, first);
  return format_event(std::move(first));
}

std::string AnthropicWriter::text(const std::string& piece) {
  if (piece.empty()) return {};  // log-probabilities alone, which the dialect has not
  std::string out = open(Block::Text, {{"type", "text"}, {"text", ""}});
  return out + delta({{"type", "text_delta"}, {"text", piece}});
}

std::string AnthropicWriter::handle(const ThinkingDelta& event) {
  std::string out =
      open(Block::Thinking, {{"type", "thinking"}, {"thinking", ""}, {"signature", ""}});
  return out + delta({{"type", "thinking_delta"}, {"thinking", event.text}});
}

/// Ends its block: two thoughts with a signature each are two blocks.
std::string AnthropicWriter::handle(const ThinkingSignature& event) {
  std::string out =
      open(Block::Thinking, {{"type", "thinking"}, {"thinking", ""}, {"signature", ""}});
  out += delta({{"type", "signature_delta"}, {"signature", event.signature}});
  return out + close();
}

std::string AnthropicWriter::handle(const RedactedThinking& event) {
  std::string out = close();
  json::object start = {{"type", "content_block_start"}, {"index", blocks_count_}};
  start["content_block"] = json::object{{"type", "redacted_thinking"}, {"data", event.data}};
  out += format_event(std::move(start));
  return out + format_event({{"type", "content_block_stop"}, {"index", blocks_count_++}});
}

std::string AnthropicWriter::handle(const ToolCallBegin& event) {
  std::string out = close();
  json::object block = {{"type", "tool_use"}, {"id", event.id}, {"name", event.name}};
  block["input"] = json::object{};
  return out + open(Block::ToolUse, std::move(block));
}

std::string AnthropicWriter::handle(const ToolCallArguments& event) {
  return delta({{"type", "input_json_delta"}, {"partial_json", event.text}});
}

std::string AnthropicWriter::handle(const Usage& event) {
  usage_ = event;
  return {};
}

std::string AnthropicWriter::handle(const Finished& event) {
  ended_ = true;
  std::string out = close();
  json::object reason;
  reason["stop_reason"] = anthropic_stop_word(event.cause);
  reason["stop_sequence"] =
      event.stop_sequence.empty() ? json::value() : json::value(event.stop_sequence);
  json::object last = {{"type", "message_delta"}, {"delta", std::move(reason)}};
  last["usage"] = anthropic_usage_json(usage_);
  out += format_event(std::move(last));
  return out + format_event({{"type", "message_stop"}});
}

std::string AnthropicWriter::handle(const Failed& event) {
  ended_ = true;
  return format_event(write_client_error(Dialect::Anthropic, event.error, look_.request_id).body);
}

std::string AnthropicWriter::write(const AnswerEvent& event) {
  if (ended_) return {};
  return std::visit([this](const auto& one) { return handle(one); }, event);
}

}  // namespace

std::unique_ptr<AnswerWriter> make_anthropic_writer(AnswerLook look) {
  return std::make_unique<AnthropicWriter>(std::move(look));
}

}  // namespace croft::dialects

#pragma once
/// Answers to clients: typed events become the bytes of an event stream, or one JSON body. Clients
/// speak OpenAI's or Anthropic's dialect.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "router/dialects/chat_exchange.h"

namespace croft::dialects {

/// What an answer says beside its events.
struct AnswerLook {
  std::string id = {};           ///< ours; empty: the upstream's
  std::string model = {};        ///< empty: the upstream's
  std::int64_t created = 0;      ///< Unix seconds; OpenAI
  std::string fingerprint = {};  ///< OpenAI's system_fingerprint; empty: none
  bool include_usage = false;    ///< OpenAI streams: the client asked for the chunk with the usage
  std::string request_id = {};   ///< of errors in Anthropic's dialect
  std::vector<std::string> warnings = {};  ///< `warnings` of the whole body or the first event
  json::object extra = {};  ///< members for the whole body or the first event: our route trace
};

/// One stream. Not for several threads at once.
class AnswerWriter {
 public:
  virtual ~AnswerWriter() = default;
  /// The bytes for one event; may be empty. Events come in the order that chat_exchange.h states.
  /// Failed gives an error event, after which the connection is closed; after it and after Finished
  /// nothing more is given.
  [[nodiscard]] virtual std::string write(const AnswerEvent& event) = 0;
  /// Keeps an idle connection open; never changes the answer.
  [[nodiscard]] virtual std::string ping() const = 0;
};

/// `client` is OpenAi or Anthropic: nobody is served Ollama's dialect here.
[[nodiscard]] std::unique_ptr<AnswerWriter> make_answer_writer(Dialect client, AnswerLook look);

/// A whole body. Errors: the events' own, where they end with Failed; Internal where they have no
/// end.
Result<json::object> write_whole_answer(Dialect client, const AnswerLook& look,
                                        std::span<const AnswerEvent> events);

}  // namespace croft::dialects

#pragma once
/// Answers of upstreams, from bytes that arrive in any pieces to typed events. Hostile input: what
/// is not the dialect, is over a limit, or stops before its end becomes one Failed.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "router/dialects/chat_exchange.h"

namespace croft::dialects {

class DialectReader;

enum class Delivery : std::uint8_t {
  Stream,  ///< server-sent events; NDJSON from Ollama
  Whole,   ///< one JSON document
};

struct ReaderOptions {
  Dialect dialect = Dialect::OpenAi;
  /// As the response's Content-Type says: a server may answer whole to who asked for a stream.
  Delivery delivery = Delivery::Stream;
  /// Makes ids of tool calls that the upstream gave none (Ollama, always). They must differ over a
  /// conversation, so give a fresh random one: "call_5f3a9c".
  std::string call_id_prefix = "call";
  std::size_t event_bytes_max = 8 * limits::MiB;    ///< of one event or line
  std::size_t answer_bytes_max = 64 * limits::MiB;  ///< of a whole body, or of all pieces
  std::size_t tool_calls_max = 128;
};

/// One answer. Not for several threads at once.
class AnswerReader {
 public:
  explicit AnswerReader(ReaderOptions options);
  ~AnswerReader();
  AnswerReader(AnswerReader&&) noexcept;
  AnswerReader& operator=(AnswerReader&&) noexcept;

  /// Adds the events that `bytes` complete. After the last event bytes are ignored. How the bytes
  /// are cut never changes the events.
  void feed(std::string_view bytes, std::vector<AnswerEvent>& events);
  /// The body is over. An answer that said why it ended is Finished even where the mark after that
  /// ([DONE], message_stop) is missing; all else is Failed, "ended in mid-stream". Call it once.
  void finish(std::vector<AnswerEvent>& events);
  /// Whether Finished or Failed was given.
  [[nodiscard]] bool ended() const;

 private:
  std::unique_ptr<DialectReader> reader_;
};

}  // namespace croft::dialects

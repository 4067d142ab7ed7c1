#pragma once

/// Where an HTTP/1.1 message begins and ends, as cheaply as the measuring of gateways needs it.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace croft::overhead {

/// Takes bytes as they come; after `done` the message is in `head` and `body`, until `restart`.
/// Understands Content-Length and chunks; an answer with neither ends with its connection, which
/// counts as `wrong` here: nothing that is measured may close connections. Threads: one.
class Framing {
 public:
  static constexpr std::size_t head_bytes_max = 64 * 1024;
  static constexpr std::size_t body_bytes_max = 64 * 1024 * 1024;

  /// Returns how many bytes were this message's; what is left belongs to the next.
  std::size_t feed(std::string_view data);
  /// Ready for the next message; the buffers keep their room.
  void restart();
  /// Status of an answer, 0 where there is none (yet).
  int status() const;

  bool done = false;
  bool wrong = false;      ///< no HTTP, or larger than the limits
  bool keep_alive = true;  ///< false: the other side will close
  std::string head;        ///< with the empty line at its end
  std::string body;        ///< without chunk sizes

 private:
  enum class State { Head, Sized, ChunkSize, ChunkData, ChunkEnd, Trailer };

  std::size_t feed_head(std::string_view data);
  std::size_t feed_line(std::string_view data);
  std::size_t feed_body(std::string_view data);
  void read_head();
  void read_line();

  State state_ = State::Head;
  std::size_t left_ = 0;  // bytes of the body, or of the chunk, that are to come
  std::string line_;
};

}  // namespace croft::overhead

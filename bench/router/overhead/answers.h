#pragma once

/// What the mock upstream says, which is also what the load generator looks for. Everything is
/// fixed but the marks: each piece of a stream is the time it was sent, `t=` and 20 digits of
/// nanoseconds, so that its way can be timed by itself.

#include <cstdint>
#include <string>
#include <string_view>

namespace croft::overhead {

inline constexpr std::string_view marker = "mock answer";
inline constexpr std::string_view mark_begins = "t=";
inline constexpr std::size_t mark_digits = 20;

/// A whole HTTP answer of status 200 with a JSON body.
std::string json_answer(std::string_view body, std::string_view status = "200 OK");
/// A chat completion whose text has `characters`, at least the marker.
std::string chat_answer(std::size_t characters);
/// The head of a stream and its first event, without text.
std::string stream_begin();
/// One event with the mark of `now_ns`, in a chunk of its own.
void append_stream_piece(std::string& out, std::int64_t now_ns);
/// Finish reason, usage where it was asked for, [DONE], and the last chunk.
std::string stream_end(bool with_usage, std::int64_t pieces);

}  // namespace croft::overhead

#pragma once
/// Keyed digests: what makes a surrogate the same throughout a conversation and unlike in any
/// other. HMAC with SHA-256 (RFC 2104).

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace croft::privacy {

/// 256 bits. Never logged, written or sent.
using Key = std::array<std::byte, 32>;

/// HMAC-SHA256 of the texts, each with its length before it, so that ("ab", "c") is not ("a",
/// "bc").
[[nodiscard]] Key keyed_digest(const Key& key, std::span<const std::string_view> texts);

/// What makes conversations differ. All may be empty.
struct ConversationName {
  std::string_view tenant;
  std::string_view id;           ///< given by the client; empty: the first words stand for it
  std::string_view user;         ///< the request's `user`
  std::string_view first_words;  ///< of the first message of the user; used where there is no id
};

/// The key of a conversation: from a key of this process, drawn at its start, and the name. Two
/// tenants never have the same. Threads: any.
[[nodiscard]] Key conversation_key(const ConversationName& name);

/// Numbers drawn from a digest: the same ones each time.
class Draw {
 public:
  explicit Draw(const Key& digest);
  [[nodiscard]] std::uint64_t next();
  /// 0 to count - 1. Requires count > 0.
  [[nodiscard]] std::size_t below(std::size_t count) {
    return static_cast<std::size_t>(next() % count);
  }
  [[nodiscard]] char digit() { return static_cast<char>('0' + below(10)); }
  template <typename List>
  [[nodiscard]] auto& of(const List& list) {
    return list[below(list.size())];
  }

 private:
  std::array<std::uint64_t, 4> state_{};
  std::size_t used_ = 0;
};

}  // namespace croft::privacy

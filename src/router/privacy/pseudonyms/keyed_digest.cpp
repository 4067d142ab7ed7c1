#include "router/privacy/pseudonyms/keyed_digest.h"

#include <sys/random.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "io/sha256.h"

namespace croft::privacy {
namespace {

constexpr std::size_t kBlockBytes = 64;  // of SHA-256

std::byte hex_value(char c) {
  return static_cast<std::byte>(c <= '9' ? c - '0' : c - 'a' + 10);
}

Key finish(Sha256& hash) {
  const std::string hex = hash.finish_hex();
  Key digest{};
  for (std::size_t i = 0; i < digest.size(); ++i)
    digest[i] = (hex_value(hex[2 * i]) << 4) | hex_value(hex[2 * i + 1]);
  return digest;
}

void add_padded_key(Sha256& hash, const Key& key, std::byte pad) {
  std::array<std::byte, kBlockBytes> block{};
  std::ranges::copy(key, block.begin());
  for (std::byte& each : block) each ^= pad;
  hash.update(block);
}

const Key& process_key() {
  static const Key key = [] {
    Key drawn{};
    // 32 bytes come at once or not at all (getrandom(2)).
    CHECK(getrandom(drawn.data(), drawn.size(), 0) == static_cast<ssize_t>(drawn.size()));
    return drawn;
  }();
  return key;
}

}  // namespace

Key keyed_digest(const Key& key, std::span<const std::string_view> texts) {
  Sha256 inner;
  add_padded_key(inner, key, std::byte{0x36});
  for (const std::string_view text : texts) {
    const std::uint64_t size = text.size();
    inner.update(std::as_bytes(std::span(&size, 1)));
    inner.update(std::as_bytes(std::span(text)));
  }
  const Key inside = finish(inner);
  Sha256 outer;
  add_padded_key(outer, key, std::byte{0x5C});
  outer.update(inside);
  return finish(outer);
}

Key conversation_key(const ConversationName& name) {
  const bool named = !name.id.empty();
  const std::array<std::string_view, 4> texts = {name.tenant, named ? "id" : "first words",
                                                 name.user, named ? name.id : name.first_words};
  return keyed_digest(process_key(), texts);
}

Draw::Draw(const Key& digest) {
  static_assert(sizeof(state_) == sizeof(digest));
  std::memcpy(state_.data(), digest.data(), digest.size());
}

std::uint64_t Draw::next() {
  // SplitMix64 over the digest's words: they are random already, this only makes more of them.
  std::uint64_t& word = state_[used_++ % state_.size()];
  word += 0x9E3779B97F4A7C15ULL;
  std::uint64_t out = word;
  out = (out ^ (out >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  out = (out ^ (out >> 27U)) * 0x94D049BB133111EBULL;
  return out ^ (out >> 31U);
}

}  // namespace croft::privacy

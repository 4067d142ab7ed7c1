#pragma once
/// The member names that the dialects themselves prescribe ("max_completion_tokens"). They say
/// nothing about anybody, whatever a tagger of names takes "max" for, and a body without them is
/// none that a provider takes. Names that a client or a tool makes up are looked through.

#include <string_view>

namespace croft::privacy {

/// Of names of more than five characters: shorter ones are never looked at.
[[nodiscard]] bool is_dialect_member(std::string_view name);

}  // namespace croft::privacy

#include "text/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>

#include "base/limits.h"
#include "text/utf8.h"

namespace croft {
namespace {

/// Steps of backtracking in one search. A run of 16 MiB white space needs about 2 a byte.
constexpr std::uint32_t match_steps_max = 64'000'000;
constexpr std::uint32_t interpreter_heap_kib_max = 256 * 1024;
constexpr std::size_t jit_stack_bytes_max = 4 * limits::MiB;

/// Unicode's White_Space property. PCRE2's \s adds U+180E, which left that property in Unicode 6.3.
constexpr std::string_view white_space_members =
    R"(\x{9}-\x{d}\x{20}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000})";
/// Oniguruma's \w counts marks and connectors; PCRE2 10.42 does not.
constexpr std::string_view word_members = R"(\p{L}\p{M}\p{N}\p{Pc})";

/// What an escape letter becomes, or nothing where both dialects agree.
std::string translated_escape(char letter, bool in_class) {
  const bool negated = letter == 'S' || letter == 'W';
  std::string_view members;
  if (letter == 's' || letter == 'S') members = white_space_members;
  if (letter == 'w' || letter == 'W') members = word_members;
  if (members.empty() || (negated && in_class)) return {};
  if (in_class) return std::string(members);
  return std::string(negated ? "[^" : "[").append(members).append("]");
}

std::string to_pcre2(std::string_view pattern) {
  std::string out;
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\' && i + 1 < pattern.size()) {
      const std::string escape = translated_escape(pattern[i + 1], in_class);
      out += escape.empty() ? std::string(pattern.substr(i, 2)) : escape;
      ++i;
      continue;
    }
    if (c == '[' && !in_class) {
      in_class = true;
    } else if (c == ']') {
      in_class = false;
    }
    out += c;
  }
  return out;
}

std::string message_of(int code) {
  std::array<unsigned char, 256> buffer{};
  pcre2_get_error_message(code, buffer.data(), buffer.size());
  return reinterpret_cast<const char*>(buffer.data());
}

struct FreeContext {
  void operator()(pcre2_match_context* p) const { pcre2_match_context_free(p); }
  void operator()(pcre2_match_data* p) const { pcre2_match_data_free(p); }
  void operator()(pcre2_jit_stack* p) const { pcre2_jit_stack_free(p); }
};

/// What a thread needs to match: created once, because a search takes well under a microsecond.
struct MatchState {
  std::unique_ptr<pcre2_match_context, FreeContext> context{pcre2_match_context_create(nullptr)};
  std::unique_ptr<pcre2_match_data, FreeContext> data{pcre2_match_data_create(1, nullptr)};
  std::unique_ptr<pcre2_jit_stack, FreeContext> stack{
      pcre2_jit_stack_create(32 * limits::KiB, jit_stack_bytes_max, nullptr)};

  MatchState() {
    pcre2_set_match_limit(context.get(), match_steps_max);
    pcre2_set_heap_limit(context.get(), interpreter_heap_kib_max);
    pcre2_jit_stack_assign(context.get(), nullptr, stack.get());
  }
};

MatchState& match_state() {
  thread_local MatchState state;
  return state;
}

}  // namespace

struct Regex::Code {
  explicit Code(pcre2_code* compiled) : code(compiled) {}
  Code(const Code&) = delete;
  Code& operator=(const Code&) = delete;
  ~Code() { pcre2_code_free(code); }
  pcre2_code* code;
};

Regex::Regex(std::unique_ptr<Code> code) : code_(std::move(code)) {}
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;
Regex::~Regex() = default;

Result<Regex> Regex::compile(std::string_view pattern) {
  const std::string translated = to_pcre2(pattern);
  int error = 0;
  PCRE2_SIZE offset = 0;
  // Oniguruma's ^ and $ always stand at lines.
  constexpr std::uint32_t options =
      PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C;
  pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()),
                                   translated.size(), options, &error, &offset, nullptr);
  if (code == nullptr) {
    return fail(ErrorCode::Unsupported,
                "The tokenizer's pattern '" +
                    utf8::repair(pattern.substr(0, 200), utf8::Invalid::MaximalSubpart) +
                    "' does not compile: " + message_of(error),
                "Use a tokenizer.json with a published pre-tokenizer pattern");
  }
  // Without a JIT for this pattern or machine, pcre2_match interprets: slower, the same matches.
  (void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
  return Regex(std::make_unique<Code>(code));
}

std::string Regex::quote(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool ascii_symbol = static_cast<unsigned char>(c) < 0x80 && std::isalnum(c) == 0;
    if (ascii_symbol) out += '\\';
    out += c;
  }
  return out;
}

std::optional<ByteRange> Regex::search(std::string_view text, std::size_t from) const {
  MatchState& state = match_state();
  const auto* subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  // The subject is valid UTF-8 (our own repair): checking it again at every search would be
  // quadratic.
  constexpr std::uint32_t options = PCRE2_NO_UTF_CHECK | PCRE2_NOTEMPTY;
  int found = pcre2_match(code_->code, subject, text.size(), from, options, state.data.get(),
                          state.context.get());
  if (found == PCRE2_ERROR_JIT_STACKLIMIT) {
    found = pcre2_match(code_->code, subject, text.size(), from, options | PCRE2_NO_JIT,
                        state.data.get(), state.context.get());
  }
  if (found < 0) return std::nullopt;
  const PCRE2_SIZE* offsets = pcre2_get_ovector_pointer(state.data.get());
  // \K inside a lookahead can put the start after the end.
  if (offsets[0] >= offsets[1] || offsets[0] < from) return std::nullopt;
  return ByteRange{offsets[0], offsets[1]};
}

}  // namespace croft

#include "prompts.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <random>
#include <string_view>

namespace croft::overhead {
namespace {

constexpr std::size_t pool_bytes = 1 << 20;
constexpr std::size_t number_digits = 16;  // and a space after them
constexpr std::array<std::string_view, 48> words = {
    "account", "after", "again",    "balance", "because", "before", "bill",    "card",
    "change",  "check", "city",     "could",   "delay",   "does",   "email",   "every",
    "explain", "first", "from",     "have",    "help",    "house",  "invoice", "letter",
    "market",  "month", "number",   "office",  "order",   "other",  "paper",   "people",
    "please",  "price", "question", "reason",  "report",  "short",  "since",   "summary",
    "table",   "their", "today",    "train",   "value",   "water",  "week",    "which"};

}  // namespace

Prompts::Prompts(const Form& form)
    : characters_(std::max(form.characters, number_digits + 1)), next_(form.seed << 32) {
  std::mt19937_64 random(form.seed);
  while (pool_.size() < pool_bytes + characters_) {
    pool_ += words[random() % words.size()];
    pool_ += ' ';
  }
  const std::string before =
      "{\"model\":\"" + form.model + "\",\"messages\":[{\"role\":\"user\",\"content\":\"";
  const std::string after =
      std::string("\"}]") + (form.stream ? ",\"stream\":true" : "") + ",\"max_tokens\":64}";
  request_ = "POST " + form.path + "/chat/completions HTTP/1.1\r\nHost: " + form.host +
             "\r\nContent-Type: application/json\r\n" +
             (form.key.empty() ? "" : "Authorization: Bearer " + form.key + "\r\n") +
             "Content-Length: " + std::to_string(before.size() + characters_ + after.size()) +
             "\r\n\r\n" + before;
  prompt_at_ = request_.size();
  request_.append(characters_, ' ').append(after);
}

void Prompts::write(std::string& request) {
  request = request_;
  char* const prompt = request.data() + prompt_at_;
  // A large odd step visits all of the pool before a stretch comes again; the number in front makes
  // it unique.
  std::memcpy(prompt, pool_.data() + next_ * 611'953 % pool_bytes, characters_);
  std::uint64_t left = next_++;
  for (std::size_t at = number_digits; at > 0; left >>= 4)
    prompt[--at] = "abcdefghijklmnop"[left & 15];
  prompt[number_digits] = ' ';
}

}  // namespace croft::overhead

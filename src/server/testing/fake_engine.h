#pragma once
/// For tests and fuzzing: an engine whose tokens are bytes and whose answers are known, on a thread
/// of its own as the real one. Header only, so that nothing of it gets into the library.

#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <deque>
#include <functional>
#include <limits>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "server/text_engine.h"

namespace croft::testing {

/// Ids 0 to 255 are bytes, 256 is <s>, 257 is </s>.
class ByteTokenizer final : public Tokenizer {
 public:
  static constexpr TokenId bos_id = 256;
  static constexpr TokenId end_id = 257;

  std::vector<TokenId> encode(std::string_view text, const EncodeOptions& options) const override {
    std::vector<TokenId> ids;
    if (options.add_special) ids.push_back(bos_id);
    constexpr std::string_view end_text = "</s>";
    while (!text.empty()) {
      if (options.parse_special && text.starts_with(end_text)) {
        ids.push_back(end_id);
        text.remove_prefix(end_text.size());
        continue;
      }
      ids.push_back(static_cast<unsigned char>(text.front()));
      text.remove_prefix(1);
    }
    return ids;
  }
  std::size_t size() const override { return 258; }
  TokenKind kind(TokenId id) const override {
    return id >= bos_id ? TokenKind::Control : TokenKind::Normal;
  }
  std::string_view piece(TokenId id) const override {
    return id == bos_id ? "<s>" : id == end_id ? "</s>" : "?";
  }
  std::string bytes(TokenId id, bool special) const override {
    if (id >= bos_id) return special ? std::string(piece(id)) : std::string();
    return std::string(1, static_cast<char>(id));
  }
  std::string decode(std::span<const TokenId> ids, bool special) const override {
    std::string text;
    for (const TokenId id : ids) text += bytes(id, special);
    return text;
  }
  bool strips_leading_space() const override { return false; }
  std::optional<TokenId> find_token(std::string_view) const override { return std::nullopt; }
  std::optional<TokenId> bos() const override { return bos_id; }
  std::optional<TokenId> eos() const override { return end_id; }
  bool adds_bos() const override { return true; }
  std::span<const TokenId> end_tokens() const override { return end_tokens_; }

 private:
  std::vector<TokenId> end_tokens_ = {end_id};
};

/// Every answer is `answer`, byte by byte, repeated where end tokens are ignored.
class FakeEngine : public TextEngine {
 public:
  struct Options {
    std::string answer = "hello";
    std::size_t context = 256;
    std::size_t queue_max = 1000;
    std::chrono::microseconds step{0};  ///< pause per token of all sequences
    std::string chat_template = "fake";
    std::string fail_after_text = {};  ///< once this many bytes were sent, an Error follows
    bool answer_at_once = false;       ///< events come from within generate(), as fuzzing wants it
  };

  FakeEngine() : FakeEngine(Options()) {}
  explicit FakeEngine(Options options) : options_(std::move(options)) {
    info_.name = "fake-model";
    info_.architecture = "llama";
    info_.quantization = "Q4_1";
    config_.vocabulary_size = 258;
    config_.hidden_size = 4;
    config_.context_length = 256;
    if (!options_.answer_at_once) thread_ = std::thread([this] { loop(); });
  }
  ~FakeEngine() override {
    {
      const std::scoped_lock lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
    for (Sequence& sequence : sequences_)
      sequence.sink(GenerationDone{.reason = FinishReason::Cancelled, .usage = {}});
  }

  const ModelInfo& info() const override { return info_; }
  const ModelConfig& config() const override { return config_; }
  const Tokenizer& tokenizer() const override { return tokenizer_; }
  std::size_t context() const override { return options_.context; }
  const std::string& chat_template() const override { return options_.chat_template; }
  const std::string& fingerprint() const override { return fingerprint_; }

  /// "role:content\n" per message; content "raise" makes the template complain.
  Result<MarkedText> render(json::object context) const override {
    MarkedText marked;
    for (const json::value& message : context.at("messages").as_array()) {
      const auto content = find_string(message, "content").value_or("");
      if (content == "raise")
        return fail(ErrorCode::InvalidArgument, "roles must alternate (template line 7)");
      marked.text += std::string(*find_string(message, "role")) + ":";
      marked.text += std::string(content) + "\n";
    }
    return marked;
  }
  Result<ChatPrompt> format(json::object context) const override {
    ChatPrompt prompt;
    prompt.text = TRY(render(std::move(context)));
    prompt.tokens =
        tokenizer_.encode(prompt.text.text, {.add_special = true, .parse_special = false});
    return prompt;
  }

  Result<void> generate(GenerationRequest request, GenerationSink sink) override {
    std::unique_lock lock(mutex_);
    last_request_ = request;
    if (active_count_ >= options_.queue_max)
      return fail(ErrorCode::Busy, "the queue is full", "Try again later");
    ++active_count_;
    sequences_.push_back({std::move(request), std::move(sink), 0, false});
    if (options_.answer_at_once) {
      Sequence sequence = std::move(sequences_.back());
      sequences_.pop_back();
      lock.unlock();
      while (step(sequence)) {
      }
      --active_count_;
      return {};
    }
    lock.unlock();
    wake_.notify_all();
    return {};
  }

  Result<void> embed(EmbeddingRequest request, EmbeddingSink sink) override {
    std::vector<std::vector<float>> vectors(request.inputs.size(), {0.5f, -0.5f, 0.5f, 0.5f});
    sink(std::move(vectors));
    return {};
  }
  EngineStats stats() const override {
    const std::scoped_lock lock(mutex_);
    EngineStats stats;
    stats.requests_running = active_count_;
    stats.kv_positions_used = 64;
    stats.kv_positions_total = 256;
    return stats;
  }
  void drain() override {}

  [[nodiscard]] GenerationRequest last_request() const {
    const std::scoped_lock lock(mutex_);
    return last_request_;
  }
  [[nodiscard]] std::size_t running_count() const { return stats().requests_running; }

 private:
  struct Sequence {
    GenerationRequest request;
    GenerationSink sink;
    std::size_t tokens_count = 0;
    bool prompt_done = false;
  };

  static TokenLogprob logprob_of(TokenId id, std::size_t top_count) {
    TokenLogprob entry{.id = id, .logprob = -0.25f, .top = {}};
    for (std::size_t i = 0; i < top_count; ++i)
      entry.top.emplace_back(static_cast<TokenId>((static_cast<std::size_t>(id) + i) % 256),
                             -0.25f - static_cast<float>(i));
    return entry;
  }

  void finish(Sequence& sequence, FinishReason reason) const {
    GenerationDone done;
    done.reason = reason;
    done.usage.prompt_tokens = sequence.request.prompt.size();
    done.usage.completion_tokens = sequence.tokens_count;
    sequence.sink(done);
  }

  static void finish_prompt(Sequence& sequence) {
    PromptDone done;
    if (sequence.request.prompt_logprobs) {
      for (const TokenId id : sequence.request.prompt)
        done.logprobs.push_back(logprob_of(id, sequence.request.top_logprobs));
      done.logprobs.front().logprob = std::numeric_limits<float>::quiet_NaN();
      done.logprobs.front().top.clear();
    }
    sequence.sink(std::move(done));
    sequence.prompt_done = true;
  }

  /// One token; false once the sequence has ended.
  bool step(Sequence& sequence) const {
    const GenerationRequest& request = sequence.request;
    if (request.cancel.stop_requested()) return finish(sequence, FinishReason::Cancelled), false;
    if (!sequence.prompt_done) finish_prompt(sequence);
    const std::size_t at = sequence.tokens_count;
    if (at >= request.tokens_max) return finish(sequence, FinishReason::Length), false;
    if (at + request.prompt.size() >= options_.context)
      return finish(sequence, FinishReason::Length), false;
    if (!options_.fail_after_text.empty() && at == options_.fail_after_text.size()) {
      sequence.sink(Error{ErrorCode::Internal, "the engine broke", {}, {}});
      return false;
    }
    if (at >= options_.answer.size() && !request.ignore_end_tokens)
      return finish(sequence, FinishReason::EndToken), false;
    const char byte = options_.answer[at % options_.answer.size()];
    TextDelta delta;
    delta.text = byte;
    delta.tokens = {static_cast<unsigned char>(byte)};
    if (request.logprobs) delta.logprobs = {logprob_of(delta.tokens.front(), request.top_logprobs)};
    ++sequence.tokens_count;
    sequence.sink(std::move(delta));
    return true;
  }

  void loop() {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return stopping_ || !sequences_.empty(); });
      if (stopping_) return;
      std::deque<Sequence> batch = std::move(sequences_);
      sequences_.clear();
      lock.unlock();
      active_count_ -= std::erase_if(batch, [&](Sequence& sequence) { return !step(sequence); });
      if (options_.step.count() != 0) std::this_thread::sleep_for(options_.step);
      lock.lock();
      for (Sequence& sequence : batch) sequences_.push_back(std::move(sequence));
    }
  }

  Options options_;
  ModelInfo info_;
  ModelConfig config_;
  ByteTokenizer tokenizer_;
  std::string fingerprint_ = "fp_fake";
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Sequence> sequences_;
  GenerationRequest last_request_;
  std::atomic<std::size_t> active_count_{0};  ///< submitted and not ended
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace croft::testing

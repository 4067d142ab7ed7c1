#pragma once
/// Prometheus metrics, with the names and buckets of docs/api.md. Labels are the served model, the
/// route's pattern and closed sets of words: never a key, a user or text of a request.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/engine.h"
#include "server/http.h"

namespace croft {

/// Safe from any thread.
class Metrics {
 public:
  explicit Metrics(std::string model);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  void first_token(std::string_view route, double seconds);
  void inter_token(std::string_view route, double seconds);
  /// One choice of a generation ended.
  void generation_done(std::string_view route, std::string_view finish_reason,
                       const GenerationUsage& usage);
  void embedding_done(std::size_t tokens);
  void request_done(const RequestRecord& record);

  /// The text exposition format; `stats` is absent while loading.
  [[nodiscard]] std::string text(const std::optional<EngineStats>& stats);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace croft

#pragma once
/// Prometheus metrics, with the names and buckets of docs/api.md. Labels are served models, the
/// route's pattern, teams that administrators made, and closed sets of words: never a key, a user
/// or text of a request.

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/request.h"
#include "router/providers/upstream.h"
#include "router/trace/route_trace.h"
#include "server/http.h"
#include "server/model_house.h"
#include "store/ledger/ledger_writer.h"

namespace croft {

/// What is counted about the requests to one model. Safe from any thread.
class ModelMetrics {
 public:
  virtual ~ModelMetrics() = default;

  virtual void first_token(std::string_view route, double seconds) = 0;
  virtual void inter_token(std::string_view route, double seconds) = 0;
  /// One choice of a generation ended.
  virtual void generation_done(std::string_view route, std::string_view finish_reason,
                               const GenerationUsage& usage) = 0;
  virtual void embedding_done(std::size_t tokens) = 0;
};

/// Safe from any thread.
class Metrics {
 public:
  /// `models`: the served names, the main one first.
  explicit Metrics(const std::vector<std::string>& models);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  /// Lives as long as this.
  [[nodiscard]] ModelMetrics& of(std::size_t model);
  /// A request that named no model counts as one to the main model.
  void request_done(const RequestRecord& record);
  void model_changed(const ModelEvent& event);
  /// A routed request is over.
  void routed(const RouteTrace& trace);

  /// A row of the ledger was written.
  void accounted(const LedgerRow& row);
  /// What the next text() says of the ledger.
  void show_ledger(const LedgerStatus& status);

  /// The text exposition format. What is read from engines appears for loaded models only.
  [[nodiscard]] std::string text(std::span<const ModelView> models,
                                 std::span<const std::shared_ptr<Upstream>> upstreams, bool ready);

 private:
  struct Impl;
  struct Model;
  std::unique_ptr<Impl> impl_;
};

}  // namespace croft

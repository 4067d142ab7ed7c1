#pragma once
/// One chat request on its way through a route: the local model first where the plan says so,
/// judged while it answers, then an upstream where that is not good enough. Nothing is sent that
/// would have to be taken back.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "router/confidence/answer_signals.h"
#include "router/confidence/serving_rule.h"
#include "router/dialects/answer_writer.h"
#include "router/dialects/chat_exchange.h"
#include "router/dialects/client_error.h"
#include "router/policy/decide.h"
#include "router/providers/cloud_ask.h"
#include "router/trace/route_trace.h"
#include "server/http.h"
#include "server/limits/access_control.h"
#include "server/metrics.h"
#include "server/model_house.h"
#include "server/routing/local_attempt.h"
#include "server/routing/router_state.h"
#include "server/routing/sample_round.h"

namespace croft {

/// What a call needs of the server; all of it outlives the call.
struct RoutedContext {
  std::shared_ptr<const RouterState> state;
  ModelHouse* house = nullptr;
  RoutingServices* services = nullptr;
  std::string endpoint;  ///< the HTTP route
  std::string tenant;
  std::shared_ptr<AccessTicket> ticket = {};  ///< what the caller's key may; null: nobody checks
  std::string hops;                           ///< as received
  std::string conversation = {};              ///< the client's name for it; may be empty
  std::optional<std::chrono::steady_clock::time_point> deadline;
  dialects::Dialect client = dialects::Dialect::OpenAi;
  /// Hears of every routed request that is over, on the connection's thread.
  std::function<void(const RouteTrace&)> on_done = {};
  /// Hears of each shadow answer, on the transfers' thread, also after this call has gone.
  std::function<void(const RouteTrace&)> on_shadow = {};
  std::function<ModelMetrics&(std::size_t model)> metrics_of = {};  ///< of a served model
};

/// The most that an answer can have: as asked for, else what upstreams usually allow.
[[nodiscard]] inline std::uint64_t answer_tokens_max(const dialects::ChatCall& call) {
  constexpr std::int64_t usual = 4096;
  return static_cast<std::uint64_t>(std::max<std::int64_t>(call.tokens_max.value_or(usual), 0));
}

/// What the gates and the policy made of the request.
struct RoutedPlan {
  std::uint64_t prompt_tokens_most = 0;  ///< only where a key's limits are checked
  RouteDecision decision;
  const RouteRuntime* route = nullptr;  ///< null: one served model, no route
  std::string local_model;              ///< served name; empty: none of the candidates is local
  privacy::Sensitivity sensitivity;
  AnswerContext known;  ///< for the confidence model
};

/// After start, everything happens on the connection's thread.
class RoutedCall final : public LocalListener, public std::enable_shared_from_this<RoutedCall> {
 public:
  /// `openai_body`: the request in OpenAI's form, for the local model. On a worker thread.
  static void start(RoutedContext context, RoutedPlan plan, dialects::ChatCall call,
                    json::object openai_body, RouteTrace trace,
                    std::shared_ptr<ResponseWriter> writer);
  RoutedCall(RoutedContext context, RoutedPlan plan, dialects::ChatCall call, RouteTrace trace,
             std::shared_ptr<ResponseWriter> writer);
  ~RoutedCall() override;

  void on_token(const TokenLogprob& token, std::size_t text_bytes) override;
  void on_local(dialects::AnswerEvent event) override;

 private:
  using Clock = std::chrono::steady_clock;
  enum class Source : std::uint8_t { Undecided, Local, Cloud };
  struct HeldCloudEvent {
    std::size_t target = 0;
    dialects::AnswerEvent event;
    CloudAsk::Notes notes;
  };

  void lease_local(json::object openai_body);
  void prepare_local(const json::object& openai_body);
  void begin();
  void begin_local();
  void begin_cloud();
  void ask_cloud(std::vector<std::size_t> candidates);
  void reserved(Result<BudgetHold> hold);
  void send_to_cloud();
  void settle_budget();
  [[nodiscard]] CloudRequest cloud_request(const std::vector<std::size_t>& candidates,
                                           std::string hops) const;
  bool go_on_elsewhere(std::size_t target);
  void on_cloud(std::size_t target, dialects::AnswerEvent event, CloudAsk::Notes notes);
  /// Whether the local answer is still good enough at `point`; escalates or commits.
  void judge(DecisionPoint point);
  bool samples_decide(ConfidenceFeatures features);
  void start_shadow();
  void escalate(std::size_t at_token);
  void commit_local();
  void send(dialects::AnswerEvent event);
  void send_head();
  void send_whole();
  void fail_call(const Error& cause);
  void end(std::optional<ErrorCode> error);
  void close();
  void stop_cloud();
  void note_answering(std::size_t target);
  void note_cloud(const std::vector<AttemptNote>& notes);
  [[nodiscard]] dialects::AnswerLook look() const;
  [[nodiscard]] std::vector<HttpHeader> route_headers() const;
  void count_first_token();
  [[nodiscard]] bool can_escalate() const;
  [[nodiscard]] double elapsed_ms() const;
  [[nodiscard]] const CandidateModel& model_of(std::size_t candidate) const;
  [[nodiscard]] AttemptTrace local_attempt_trace() const;

  RoutedContext context_;
  RoutedPlan plan_;
  dialects::ChatCall call_;
  RouteTrace trace_;
  std::shared_ptr<ResponseWriter> writer_;
  std::unique_ptr<dialects::AnswerWriter> answer_;
  Clock::time_point started_;

  // The local side.
  ModelLease engine_;
  ModelMetrics* metrics_ = nullptr;  ///< of the local model
  std::optional<TextRequest> local_request_;
  std::optional<Error> local_refusal_;
  std::shared_ptr<LocalAttempt> local_;
  std::optional<std::size_t> local_trace_;  ///< in trace_.attempts
  std::optional<AnswerSignals> signals_;
  AnswerScores scores_;
  std::string local_text_;
  std::optional<TextRequest> sample_request_;  ///< where further samples may be wanted
  std::shared_ptr<SampleRound> samples_;
  std::vector<dialects::AnswerEvent> held_;

  // The cloud's.
  std::vector<BudgetHold> holds_;  ///< money set aside, an ask each
  bool reserving_ = false;         ///< an ask waits for its money
  std::shared_ptr<CloudAsk> cloud_;
  bool cloud_done_ = false;  ///< its last event has come: there is nothing left to cancel
  std::vector<std::size_t> cloud_candidates_;  ///< in the decision
  std::vector<std::size_t> asked_candidates_;  ///< of these, as the ask under way counts targets
  std::string cloud_text_;                     ///< of the attempt that answers
  bool called_tools_ = false;
  std::vector<HeldCloudEvent> cloud_held_;
  double cloud_started_ms_ = 0.0;
  std::optional<std::size_t> provisional_;  ///< in trace_.attempts
  std::optional<std::stop_callback<std::function<void()>>> client_left_;

  std::vector<dialects::AnswerEvent> events_;  ///< of an answer that is sent whole
  Source source_ = Source::Undecided;
  bool wants_trace_ = false;
  bool head_sent_ = false;
  bool ended_ = false;   ///< the client has its answer, or has left
  bool closed_ = false;  ///< and the trace is whole
};

}  // namespace croft

#pragma once
/// One chat request to the cloud's side of a route: CloudCall with real transfers. Each attempt
/// writes the request in its upstream's dialect, lets the privacy module look at exactly that, and
/// reads the answer back.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/http_transfers.h"
#include "router/policy/router_config.h"
#include "router/privacy/pseudonyms/answer_restorer.h"
#include "router/privacy/pseudonyms/pseudonym_map.h"
#include "router/privacy/sanitised_request.h"
#include "router/providers/cloud_call.h"
#include "router/trace/trace_context.h"

namespace croft {

struct CloudRequest {
  std::shared_ptr<const RouterConfig> config;
  std::vector<CloudTarget> targets;  ///< in the order in which they are tried; not empty
  dialects::ChatCall call;
  privacy::PrivacyPolicy privacy;
  privacy::Sensitivity sensitivity;  ///< of what the client sent
  /// With PrivacyMode::Pseudonymise: the conversation's key, from which surrogates are drawn.
  std::optional<privacy::Key> conversation = {};
  TraceContext trace;
  std::string hops;  ///< of this request, with ourselves
  std::optional<std::chrono::steady_clock::time_point> deadline;
};

/// Safe from any thread.
class CloudAsk : public std::enable_shared_from_this<CloudAsk> {
 public:
  using Notes = std::shared_ptr<const std::vector<AttemptNote>>;
  /// On the transfers' thread. `notes` comes with the last event only.
  using Sink = std::function<void(std::size_t target, dialects::AnswerEvent event, Notes notes)>;

  static std::shared_ptr<CloudAsk> start(HttpTransfers& transfers, CloudRequest request, Sink sink);
  CloudAsk(HttpTransfers& transfers, CloudRequest request, Sink sink);
  /// What start() does with one that is made already. Whoever made it holds it until its last
  /// event.
  void launch();

  /// What is under way is given up. The sink hears what had been asked until then: a Failed of
  /// Cancelled with the notes is its last event, unless another was.
  void cancel();

 private:
  void run();
  /// The request as it goes to `target`. Errors: what its dialect cannot say; Forbidden.
  [[nodiscard]] Result<TransferRequest> write(const CloudTarget& target);
  /// The body as it may go out.
  [[nodiscard]] Result<privacy::SanitisedRequest> sanitised(json::object body);
  /// Gives an event of the answer to the sink, true values put back.
  void give(std::size_t target, dialects::AnswerEvent event);
  void tell(std::size_t target, dialects::AnswerEvent event);
  [[nodiscard]] std::shared_ptr<Attempt> begin(const CloudTarget& target, AttemptSink sink);

  HttpTransfers& transfers_;
  CloudRequest request_;
  std::optional<Result<TransferRequest>> first_;  ///< written by launch(), for the first target
  Sink sink_;                                     ///< of the transfers' thread, as is what follows
  std::shared_ptr<CloudCall> call_;
  privacy::FindScratch scratch_;
  std::optional<privacy::PseudonymMap> pseudonyms_;  ///< of all attempts
  bool call_is_noted_ = false;
  std::optional<privacy::AnswerRestorer> restorer_;  ///< of the one that answers
  bool over_ = false;
};

}  // namespace croft

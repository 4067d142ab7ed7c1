#pragma once
/// One request to one upstream, over the wire and back.

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "io/http_transfers.h"
#include "router/dialects/answer_reader.h"
#include "router/providers/cloud_call.h"

namespace croft {

/// All on the transfers' thread.
class UpstreamAttempt final : public Attempt,
                              public TransferListener,
                              public std::enable_shared_from_this<UpstreamAttempt> {
 public:
  struct Options {
    dialects::Dialect dialect = dialects::Dialect::OpenAi;
  };
  UpstreamAttempt(HttpTransfers& transfers, std::shared_ptr<Upstream> upstream,
                  const Options& options, AttemptSink sink);
  /// `transfer`: as Upstream::transfer() made it.
  void start(TransferRequest transfer);

  void cancel() override;
  void on_head(int status, const HttpHeaders& headers) override;
  void on_body(std::string_view bytes) override;
  void on_end(const TransferEnd& end) override;

 private:
  void heed_rate_limits();
  void give(dialects::AnswerEvent event);
  void give_all(std::vector<dialects::AnswerEvent> events);
  /// Tells the upstream's breaker, once.
  void account(const dialects::Failed* failed);

  HttpTransfers& transfers_;
  std::shared_ptr<Upstream> upstream_;
  Options options_;
  AttemptSink sink_;
  HttpTransfers::Id id_ = 0;
  Upstream::Time started_;
  std::optional<Upstream::Time> first_;
  std::unique_ptr<dialects::AnswerReader> reader_;
  int status_ = 0;
  HttpHeaders headers_;
  std::string error_body_;
  bool accounted_ = false;
  bool over_ = false;
};

}  // namespace croft

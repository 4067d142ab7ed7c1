#include "router/providers/upstream.h"

#include <utility>

#include "router/dialects/write_request.h"

namespace croft {
namespace {

BreakerOptions breaker_options(const UpstreamConfig& config) {
  BreakerOptions options;
  options.failures_max = config.breaker_failures;
  options.cool_down = config.breaker_cool_down;
  return options;
}

/// Where paths begin: clients' habits differ in whether the version belongs to the base address.
std::string base_of(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  if (url.ends_with("/v1")) url.resize(url.size() - 3);
  return url;
}

dialects::Dialect dialect_of(UpstreamDialect dialect) {
  switch (dialect) {
    case UpstreamDialect::OpenAi:
      return dialects::Dialect::OpenAi;
    case UpstreamDialect::Anthropic:
      return dialects::Dialect::Anthropic;
    case UpstreamDialect::Ollama:
      break;
  }
  return dialects::Dialect::Ollama;
}

}  // namespace

Upstream::Upstream(UpstreamConfig config, std::string key)
    : config_(std::move(config)),
      base_(base_of(config_.url)),
      key_(std::move(key)),
      breaker_(breaker_options(config_)) {}

dialects::Dialect Upstream::dialect() const {
  return dialect_of(config_.dialect);
}

UpstreamGate Upstream::try_begin(Time now) {
  if (++running_ > config_.concurrency_max) {
    --running_;
    return UpstreamGate::Full;
  }
  if (!breaker_.try_pass(now)) {
    --running_;
    return UpstreamGate::Open;
  }
  ++requests_total_;
  return UpstreamGate::Passes;
}

void Upstream::succeeded(double first_token_seconds) {
  --running_;
  breaker_.succeeded();
  constexpr double newest = 0.2;
  const MutexLock lock(mutex_);
  first_token_seconds_ = first_token_seconds_ == 0.0
                             ? first_token_seconds
                             : first_token_seconds_ * (1 - newest) + first_token_seconds * newest;
}

void Upstream::failed(Time now) {
  --running_;
  ++failures_total_;
  breaker_.failed(now);
}

void Upstream::abandoned() {
  --running_;
  breaker_.abandoned();
}

UpstreamHealth Upstream::health(Time now) const {
  UpstreamHealth health;
  health.state = breaker_.state(now);
  health.running = running_;
  health.requests_total = requests_total_;
  health.failures_total = failures_total_;
  const MutexLock lock(mutex_);
  health.first_token_seconds = first_token_seconds_;
  return health;
}

TransferRequest Upstream::transfer(std::string_view path, const privacy::SanitisedRequest& request,
                                   std::string_view traceparent, std::string_view hops) const {
  TransferRequest transfer;
  transfer.url = base_ + std::string(path);
  for (const dialects::Header& header : dialects::request_headers(dialect(), key_))
    transfer.headers.push_back(header.name + ": " + header.value);
  if (!traceparent.empty()) transfer.headers.push_back("traceparent: " + std::string(traceparent));
  transfer.headers.push_back("x-croft-hops: " + std::string(hops));
  for (const auto& [name, value] : config_.headers) transfer.headers.push_back(name + ": " + value);
  transfer.ca_file = config_.ca_file.string();
  transfer.proxy = config_.proxy;
  transfer.connect_timeout = config_.connect;
  transfer.first_byte_timeout = config_.connect + config_.first_token;
  transfer.between_timeout = config_.between_tokens;
  transfer.total_timeout = config_.total;
  transfer.body = request.serialize();
  return transfer;
}

}  // namespace croft

#pragma once
/// Where spans go and how patiently.

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "base/error.h"
#include "router/trace/otlp_json.h"

namespace croft {

struct OtlpOptions {
  /// "http://host:4318/v1/traces"; without a path, /v1/traces is added.
  std::string endpoint = {};
  /// "Name: value", for a collector that wants a key. Content-Type is ours to send.
  std::vector<std::string> headers = {};
  std::string ca_file = {};  ///< PEM; empty: the system's
  OtlpResource resource = {};
  double sampling_ratio = 1.0;         ///< of traces that begin here, 0..1
  std::size_t queue_spans_max = 8192;  ///< some 4 KiB each at most times; beyond, spans are dropped
  std::size_t batch_spans_max = 512;
  std::chrono::milliseconds delay = std::chrono::seconds(1);     ///< until a smaller batch is sent
  std::chrono::milliseconds timeout = std::chrono::seconds(10);  ///< of one POST
  /// Between tries: doubled each time, less a random part of up to a half. A collector's
  /// Retry-After counts instead, up to 10 minutes.
  std::chrono::milliseconds retry_pause = std::chrono::seconds(1);
  std::chrono::milliseconds retry_pause_max = std::chrono::seconds(30);
  std::chrono::milliseconds retry_for = std::chrono::minutes(5);  ///< then a batch is given up
};

/// Checks them and completes the endpoint. Errors: InvalidArgument, with the option's name in
/// `field`. A header's value is in no message: it may be a key.
Result<OtlpOptions> check_otlp_options(OtlpOptions options);

}  // namespace croft

#include "store/hub_client.h"

#include <charconv>
#include <cstdlib>
#include <optional>
#include <utility>

#include "io/http_client.h"
#include "io/quote_foreign.h"
#include "store/download.h"
#include "store/retry.h"

namespace croft {
namespace {

constexpr std::string_view default_endpoint = "https://huggingface.co";
// A listing has about 250 bytes a file; 20,000 files are the most we read.
constexpr std::uint64_t listing_bytes_max = 32 * limits::MiB;

std::string option_or_environment(const std::string& option, const char* name) {
  if (!option.empty()) return option;
  const char* value = std::getenv(name);
  return value == nullptr ? std::string{} : std::string(value);
}

/// Percent-encodes a path for a URL, keeping its slashes.
std::string encode_path(std::string_view path) {
  constexpr std::string_view kept =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : path) {
    if (kept.find(c) != std::string_view::npos) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  return out;
}

}  // namespace

Result<HubClient> HubClient::create(const PullOptions& options) {
  std::string endpoint = option_or_environment(options.hub_endpoint, "HF_ENDPOINT");
  if (endpoint.empty()) endpoint = default_endpoint;
  while (endpoint.ends_with('/')) endpoint.pop_back();
  UrlOrigin origin = TRY(UrlOrigin::parse(endpoint));
  std::string token = option_or_environment(options.hub_token, "HF_TOKEN");
  if (!token.empty() && origin.scheme == "http" && !origin.is_loopback()) {
    return fail(ErrorCode::InvalidArgument,
                "the hub " + quote_foreign(endpoint) + " would get HF_TOKEN without encryption",
                "Use an https address in HF_ENDPOINT, or unset HF_TOKEN.");
  }
  return HubClient(options, std::move(endpoint), std::move(origin), std::move(token));
}

HubClient::HubClient(const PullOptions& options, std::string endpoint, UrlOrigin origin,
                     std::string token)
    : options_(options),
      endpoint_(std::move(endpoint)),
      origin_(std::move(origin)),
      token_(std::move(token)) {}

OutboundRequest HubClient::request(std::string url) const {
  OutboundRequest request;
  request.url = std::move(url);
  request.headers = {"User-Agent: croft"};
  if (!token_.empty()) request.bearer_token = token_;
  request.stop = options_.stop;
  request.allow_redirect = [origin = origin_](std::string_view target) {
    return may_follow(origin, target);
  };
  return request;
}

Error HubClient::status_error(const OutboundResponse& response, std::string_view repository,
                              std::string_view what) const {
  const std::string name(repository);
  const std::string subject = std::string(what) + " of '" + name + "'";
  const std::string page = endpoint_ + "/" + name;
  switch (response.status) {
    case 401:
    case 403:
      // The hub answers 401 for a repository that does not exist, too.
      return {ErrorCode::Unauthorized,
              "the hub does not give us " + subject + " (HTTP " + std::to_string(response.status) +
                  ")" + (token_.empty() ? "; no HF_TOKEN is set" : "; HF_TOKEN was sent"),
              "Check the name; if the model asks for it, accept its licence at " + page +
                  " and set HF_TOKEN to a token of yours with read access.",
              "model"};
    case 404:
      return {ErrorCode::NotFound, "the hub has no " + subject,
              "Check the name at " + page + ", or see the catalogue with croft list --catalogue.",
              "model"};
    case 408:
    case 429:
      return {ErrorCode::Busy,
              "the hub asks us to slow down (HTTP " + std::to_string(response.status) + ") for " +
                  subject,
              "Try again in some minutes; with HF_TOKEN the limits are higher.", ""};
    default:
      return {ErrorCode::Io,
              "the hub answered HTTP " + std::to_string(response.status) + " for " + subject,
              "Try again later, or check HF_ENDPOINT and the proxy.", ""};
  }
}

Result<HubListing> HubClient::list(std::string_view repository) const {
  Retry retry(options_.attempts_max, options_.backoff, options_.stop);
  while (true) {
    OutboundRequest ask =
        request(endpoint_ + "/api/models/" + encode_path(repository) + "?blobs=true");
    ask.bytes_max = listing_bytes_max;
    std::string body;
    const auto response = http_get(ask, [&](std::span<const std::byte> bytes) {
      body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      return true;
    });
    if (response && response->status == 200) return parse_hub_listing(body);
    const Error error =
        response ? status_error(*response, repository, "the repository") : response.error();
    if (response ? !is_transient(response->status) : !is_transient(error.code)) {
      return options_.stop.stop_requested() ? pull_stopped() : std::unexpected(error);
    }
    TRY(retry.wait(error, response ? retry_after(response->headers) : std::nullopt));
  }
}

Result<std::string> HubClient::download(std::string_view repository, const HubListing& listing,
                                        const HubFile& file, const std::filesystem::path& target,
                                        ProgressMeter& meter) const {
  const std::string url = endpoint_ + "/" + encode_path(repository) + "/resolve/" + listing.commit +
                          "/" + encode_path(file.path);
  return download_file({.request = request(url),
                        .name = file.path,
                        .target = target,
                        // A new commit must not go on from the bytes of an old one.
                        .part = target.string() + "." + listing.commit.substr(0, 12) + ".part",
                        .bytes = file.bytes,
                        .sha256 = file.sha256,
                        .status_error =
                            [&](const OutboundResponse& response) {
                              return status_error(response, repository, "'" + file.path + "'");
                            }},
                       Retry(options_.attempts_max, options_.backoff, options_.stop), meter);
}

}  // namespace croft

#pragma once
/// Talks to one hub: its listing of a repository, and its files with resume, retries and digests.

#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.h"
#include "store/hub_listing.h"
#include "store/progress_meter.h"
#include "store/pull.h"
#include "store/url_origin.h"

namespace croft {

struct OutboundRequest;
struct OutboundResponse;

class HubClient {
 public:
  /// Takes endpoint and token from the options, else from HF_ENDPOINT and HF_TOKEN.
  /// Errors: InvalidArgument (endpoint; a token that would travel over http to another machine).
  static Result<HubClient> create(const PullOptions& options);

  /// The files of `repository` ("user/repo") as of its main branch now.
  /// Errors: NotFound; Unauthorized; Corrupt; Forbidden (redirect); Busy, Timeout, Io after the
  /// retries; Cancelled.
  Result<HubListing> list(std::string_view repository) const;

  /// Downloads one file to `target`, through `target`.COMMIT.part, which stays there on failure and
  /// is gone on from at the next try. A finished `target` of an earlier pull is verified and kept.
  /// Returns the SHA-256 of the content, which equals the digest that the hub published, if it
  /// published one. Errors: as `list`; Corrupt where the digest or size differs (the part is
  /// deleted).
  Result<std::string> download(std::string_view repository, const HubListing& listing,
                               const HubFile& file, const std::filesystem::path& target,
                               ProgressMeter& meter) const;

 private:
  HubClient(const PullOptions& options, std::string endpoint, UrlOrigin origin, std::string token);

  [[nodiscard]] OutboundRequest request(std::string url) const;
  [[nodiscard]] Error status_error(const OutboundResponse& response, std::string_view repository,
                                   std::string_view what) const;

  const PullOptions& options_;
  std::string endpoint_;  ///< without a slash at its end
  UrlOrigin origin_;
  std::string token_;
};

}  // namespace croft

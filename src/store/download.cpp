#include "store/download.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <limits>
#include <span>
#include <string_view>
#include <utility>

#include "io/quote_foreign.h"
#include "io/sha256.h"

namespace croft {
namespace {

namespace fs = std::filesystem;

/// A file opened for appending; the part of a download.
class PartFile {
 public:
  static Result<PartFile> open(const fs::path& path) {
    const int descriptor =
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
    struct stat status{};
    if (descriptor < 0 || ::fstat(descriptor, &status) != 0) {
      const std::string reason = std::strerror(errno);
      if (descriptor >= 0) ::close(descriptor);
      return fail(ErrorCode::Io, "'" + path.string() + "' cannot be written: " + reason,
                  "Check the permissions of its folder.");
    }
    PartFile file;
    file.descriptor_ = descriptor;
    file.size_ = static_cast<std::uint64_t>(status.st_size);
    return file;
  }
  PartFile(PartFile&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)), size_(other.size_) {}
  PartFile& operator=(PartFile&&) = delete;
  ~PartFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  [[nodiscard]] std::uint64_t size() const { return size_; }
  /// False with errno set where the disk says no.
  bool append(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return false;
      bytes = bytes.subspan(static_cast<std::size_t>(written));
      size_ += static_cast<std::uint64_t>(written);
    }
    return true;
  }
  bool clear() {
    size_ = 0;
    return ::ftruncate(descriptor_, 0) == 0;
  }

 private:
  PartFile() = default;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

std::optional<std::uint64_t> to_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

/// X-Linked-Etag: the SHA-256 of a file in large-file storage, in quotes. Sent with the redirect.
std::optional<std::string> linked_digest(const OutboundResponse& response) {
  const auto in = [](const HttpHeaders& headers) -> std::optional<std::string> {
    const auto found = headers.find("x-linked-etag");
    if (found == headers.end()) return std::nullopt;
    std::string digest = found->second;
    std::erase(digest, '"');
    const bool is_hex = digest.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (!is_hex || digest.size() != 64) return std::nullopt;
    return digest;
  };
  for (const HttpRedirect& redirect : response.redirects) {
    if (auto digest = in(redirect.headers)) return digest;
  }
  return in(response.headers);
}

/// The state of one download over all its tries.
class Transfer {
 public:
  Transfer(Download download, PartFile part, Retry retry, ProgressMeter& meter)
      : download_(std::move(download)), part_(std::move(part)), retry_(retry), meter_(meter) {}

  /// Fetches until the part is whole.
  Result<void> run() {
    if (download_.bytes && part_.size() > *download_.bytes) TRY(start_over());
    meter_.begin_file(download_.name, part_.size());
    while (!download_.bytes || part_.size() < *download_.bytes || *download_.bytes == 0) {
      const std::uint64_t before = part_.size();
      const auto response = fetch();
      if (download_.request.stop.stop_requested()) return pull_stopped();
      if (local_error_) return std::unexpected(std::move(*local_error_));
      if (response && (response->status == 200 || response->status == 206)) {
        if (!download_.bytes || part_.size() == *download_.bytes) return {};
      }
      if (part_.size() > before) retry_.made_progress();
      TRY(handle(response));
    }
    if (part_.size() == download_.bytes) return {};
    TRY(start_over());
    return fail(ErrorCode::Corrupt,
                "the server sent more of " + quote_foreign(download_.name) + " than the " +
                    std::to_string(*download_.bytes) + " bytes it has",
                "Nothing was installed; check HF_ENDPOINT and the proxy.");
  }

  [[nodiscard]] const std::optional<std::string>& digest() const { return download_.sha256; }

 private:
  Result<OutboundResponse> fetch() {
    OutboundRequest& request = download_.request;
    request.resume_from = part_.size();
    // The whole file also for a resumed one: a server that ignores ranges sends it all. Where no
    // size was announced, the disk is the bound.
    request.bytes_max = download_.bytes.value_or(std::numeric_limits<std::int64_t>::max());
    request.on_response = [this](const OutboundResponse& response) { return begin_body(response); };
    return http_get(request, [this](std::span<const std::byte> bytes) {
      if (part_.append(bytes)) {
        meter_.set_file_bytes(part_.size());
        return true;
      }
      local_error_ =
          Error{ErrorCode::Io,
                "'" + download_.part.string() + "' cannot be written: " + std::strerror(errno),
                "Free some space, then pull again: it goes on from here.", ""};
      return false;
    });
  }

  bool begin_body(const OutboundResponse& response) {
    if (!download_.sha256) download_.sha256 = linked_digest(response);
    if (response.status != 200 || part_.size() == 0) return true;
    // The server ignores ranges and sends the whole file again: take it from the start.
    auto cleared = start_over();
    if (!cleared) local_error_ = std::move(cleared).error();
    return cleared.has_value();
  }

  /// Decides after an incomplete try: an error ends the download, otherwise it goes on.
  Result<void> handle(const Result<OutboundResponse>& response) {
    if (!response) {
      if (response.error().code == ErrorCode::Corrupt) {
        // A 206 from another place than asked for: nothing of it was written. Begin again.
        if (++restarts_ > restarts_max) return std::unexpected(response.error());
        return start_over();
      }
      if (!is_transient(response.error().code)) return std::unexpected(response.error());
      return retry_.wait(response.error());
    }
    if (response->status == 416) {
      // The part is not shorter than the file there: one of the two is not what we think.
      if (++restarts_ > restarts_max) return server_changes();
      return start_over();
    }
    if (response->status == 200 || response->status == 206) {
      return retry_.wait({ErrorCode::Io,
                          "the hub ended " + quote_foreign(download_.name) + " after " +
                              std::to_string(part_.size()) + " bytes",
                          "Pull again: it goes on from here.", ""});
    }
    const Error error = download_.status_error(*response);
    if (!is_transient(response->status)) return std::unexpected(error);
    return retry_.wait(error, retry_after(response->headers));
  }

  Result<void> start_over() {
    if (part_.clear()) return {};
    return fail(ErrorCode::Io,
                "'" + download_.part.string() + "' cannot be emptied: " + std::strerror(errno));
  }

  [[nodiscard]] std::unexpected<Error> server_changes() const {
    return fail(ErrorCode::Io,
                "the server cannot continue " + quote_foreign(download_.name) +
                    " where the connection broke",
                "Pull again; if a proxy caches files, bypass it.");
  }

  static constexpr int restarts_max = 3;
  Download download_;
  PartFile part_;
  Retry retry_;
  ProgressMeter& meter_;
  std::optional<Error> local_error_;
  int restarts_ = 0;
};

Result<std::string> verify(const fs::path& path, const std::string& name,
                           const std::optional<std::string>& expected, std::stop_token stop) {
  const std::string digest =
      TRY(sha256_file(path, [&](std::uint64_t, std::uint64_t) { return !stop.stop_requested(); }));
  if (!expected || digest == *expected) return digest;
  std::error_code ignored;  // a part that cannot be deleted fails the same test next time
  fs::remove(path, ignored);
  return fail(ErrorCode::Corrupt,
              "the download of " + quote_foreign(name) + " is damaged: its SHA-256 is " + digest +
                  ", and the publisher's is " + *expected,
              "Nothing was installed. Pull again; if it repeats, a proxy may alter downloads.");
}

}  // namespace

bool is_transient(ErrorCode code) {
  return code == ErrorCode::Io || code == ErrorCode::Timeout;
}

bool is_transient(int status) {
  return status == 408 || status == 429 || status >= 500;
}

std::optional<std::chrono::seconds> retry_after(const HttpHeaders& headers) {
  const auto found = headers.find("retry-after");
  if (found == headers.end()) return std::nullopt;
  const auto seconds = to_number(found->second);
  if (!seconds) return std::nullopt;
  return std::chrono::seconds(std::min<std::uint64_t>(*seconds, 24 * 3600));
}

Result<std::string> download_file(Download download, Retry retry, ProgressMeter& meter) {
  const fs::path target = download.target;
  const fs::path part_path = download.part;
  const std::string name = download.name;
  const std::stop_token stop = download.request.stop;
  std::error_code error;
  fs::create_directories(target.parent_path(), error);  // shows as an error of the part below
  if (download.sha256 && fs::is_regular_file(target, error)) {
    auto digest = verify(target, name, download.sha256, stop);
    if (digest) {
      meter.begin_file(name, download.bytes.value_or(0));
      return digest;
    }
    if (digest.error().code != ErrorCode::Corrupt) return digest;
  }
  PartFile part = TRY(PartFile::open(part_path));
  Transfer transfer(std::move(download), std::move(part), std::move(retry), meter);
  TRY(transfer.run());
  std::string digest = TRY(verify(part_path, name, transfer.digest(), stop));
  fs::rename(part_path, target, error);
  if (error) {
    return fail(ErrorCode::Io,
                "'" + part_path.string() + "' cannot be renamed: " + error.message());
  }
  return digest;
}

}  // namespace croft

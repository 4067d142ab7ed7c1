#include "io/transfer.h"

#include "base/check.h"
#include "io/http_receiver.h"
#include "io/quote_foreign.h"

namespace croft {
namespace {

constexpr std::size_t head_bytes_max = 64 * limits::KiB;

Result<CurlList> header_list(const std::vector<std::string>& lines) {
  CurlList list;
  const auto append = [&](const std::string& line) {
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    CHECK(longer != nullptr);
    static_cast<void>(list.release());
    list.reset(longer);
  };
  append("Expect:");  // no round trip before the body
  for (const std::string& line : lines) {
    if (line.find(':') == std::string::npos ||
        line.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos)
      return fail(
          ErrorCode::InvalidArgument,
          "the request header " + quote_foreign(line.substr(0, line.find(':'))) + " cannot be sent",
          "Write it as \"Name: value\" on one line.");
    append(line);
  }
  return list;
}

}  // namespace

Result<void> Transfer::prepare(CURL* handle, Time now) {
  started_ = now;
  total_due_ = now + request_.total_timeout;
  set_due(now + request_.first_byte_timeout);
  TRY(check_http_url(request_.url));
  headers_ = TRY(header_list(request_.headers));
  const auto set = [&](CURLoption option, auto value) {
    CHECK(curl_easy_setopt(handle, option, value) == CURLE_OK);
  };
  set(CURLOPT_URL, request_.url.c_str());
  set(CURLOPT_ERRORBUFFER, detail_.data());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_USERAGENT, "croft");
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request_.connect_timeout.count()));
  set(CURLOPT_HTTPHEADER, headers_.get());
  set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  set(CURLOPT_PRIVATE, static_cast<void*>(this));
  set(CURLOPT_NOPROGRESS, 1L);
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  set(CURLOPT_PIPEWAIT, 0L);
  if (!request_.ca_file.empty()) set(CURLOPT_CAINFO, request_.ca_file.c_str());
  if (!request_.proxy.empty()) set(CURLOPT_PROXY, request_.proxy.c_str());
  if (request_.method == "POST") {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDS, request_.body.c_str());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
  } else if (request_.method != "GET") {
    set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  }
  return {};
}

std::size_t Transfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  const std::string_view line(data, size * count);
  auto& transfer = *static_cast<Transfer*>(self);
  return transfer.guarded([&] { return transfer.take_header(line); }) ? line.size()
                                                                      : CURL_WRITEFUNC_ERROR;
}

std::size_t Transfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  const std::string_view bytes(data, size * count);
  auto& transfer = *static_cast<Transfer*>(self);
  return transfer.guarded([&] { return transfer.take_body(bytes); }) ? bytes.size()
                                                                     : CURL_WRITEFUNC_ERROR;
}

bool Transfer::take_header(std::string_view line) {
  head_bytes_ += line.size();
  if (head_bytes_ > head_bytes_max) {
    refuse(ErrorCode::TooLarge, shown_url(request_.url) + " sends a head that has no end", {});
    return false;
  }
  if (line.starts_with("HTTP/")) {  // also after an interim response: forget that one
    response_.clear();
    const std::size_t space = line.find(' ');
    status_ = 0;
    for (std::size_t i = space + 1;
         space != std::string_view::npos && i < line.size() && i < space + 4; ++i)
      status_ = status_ * 10 + (line[i] >= '0' && line[i] <= '9' ? line[i] - '0' : 0);
    return true;
  }
  line = trim_spaces(line);
  if (line.empty()) return status_ < 200 || give_head();
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || head_given_) return true;  // a trailer says nothing to us
  std::string& value = response_[ascii_lower(trim_spaces(line.substr(0, colon)))];
  if (!value.empty()) value += ", ";
  value += trim_spaces(line.substr(colon + 1));
  return true;
}

bool Transfer::give_head() {
  if (head_given_) return true;
  head_given_ = true;
  set_due(Clock::now() + request_.between_timeout);
  if (status_ >= 300 && status_ < 400) {
    refuse(ErrorCode::Forbidden,
           shown_url(request_.url) + " answers with a redirect (" + std::to_string(status_) +
               "), which is not followed: it could carry the request elsewhere",
           "Configure the address that it redirects to.");
    return false;
  }
  listener_->on_head(status_, response_);
  return true;
}

bool Transfer::take_body(std::string_view bytes) {
  body_bytes_ += bytes.size();
  if (body_bytes_ > request_.bytes_max) {
    refuse(ErrorCode::TooLarge,
           shown_url(request_.url) + " sends more than " + std::to_string(request_.bytes_max) +
               " bytes",
           {});
    return false;
  }
  set_due(Clock::now() + request_.between_timeout);
  listener_->on_body(bytes);
  return true;
}

Error Transfer::timeout_error(Time now) const {
  const char* what = now >= total_due_ ? " takes longer for its answer than is allowed"
                     : head_given_     ? " stopped in the middle of its answer"
                                       : " does not begin to answer";
  return {.code = ErrorCode::Timeout,
          .message = shown_url(request_.url) + what,
          .hint = "Its time-outs are in the upstream's configuration.",
          .field = {}};
}

std::optional<Error> Transfer::outcome(CURLcode code) const {
  if (refusal_) return refusal_;
  if (code == CURLE_OK) return std::nullopt;
  if (code == CURLE_OPERATION_TIMEDOUT)
    return Error{.code = ErrorCode::Timeout,
                 .message = shown_url(request_.url) + " cannot be reached in time",
                 .hint = "Check the network and proxy settings.",
                 .field = {}};
  const std::string why =
      detail_.front() != '\0' ? quote_foreign(detail_.data()) : curl_easy_strerror(code);
  if (code == CURLE_PEER_FAILED_VERIFICATION)
    return Error{
        .code = ErrorCode::Unauthorized,
        .message = shown_url(request_.url) + " has a certificate that is not trusted: " + why,
        .hint = "Nothing was sent. An authority of your own belongs into ca_file.",
        .field = {}};
  long tunnel_status = 0;  // what a proxy said to CONNECT
  curl_easy_getinfo(easy.get(), CURLINFO_HTTP_CONNECTCODE, &tunnel_status);
  if (code == CURLE_COULDNT_RESOLVE_PROXY || code == CURLE_PROXY || tunnel_status >= 300)
    return Error{.code = ErrorCode::Upstream,
                 .message = "the proxy before " + shown_url(request_.url) + " refuses: " + why,
                 .hint = "User and password of a proxy belong into HTTPS_PROXY.",
                 .field = {}};
  return Error{.code = ErrorCode::Io,
               .message = "cannot ask " + shown_url(request_.url) + ": " + why,
               .hint = "Check the address, the network, certificates and proxy settings.",
               .field = {}};
}

void Transfer::end(CURL* handle, std::optional<Error> error, Time now) {
  TransferEnd ending;
  ending.error = std::move(error);
  ending.head_received = head_given_;
  ending.seconds = std::chrono::duration<double>(now - started_).count();
  long sent = 0;
  curl_off_t connected = 0;
  if (handle != nullptr) {
    curl_easy_getinfo(handle, CURLINFO_REQUEST_SIZE, &sent);
    curl_easy_getinfo(handle, CURLINFO_CONNECT_TIME_T, &connected);
  }
  ending.reached = head_given_ || sent > 0 || connected > 0;
  listener_->on_end(ending);
}

}  // namespace croft

#include "io/http_client.h"

#include <curl/curl.h>

#include <exception>
#include <memory>
#include <mutex>

#include "base/check.h"
#include "io/air_gap.h"
#include "io/http_receiver.h"
#include "io/quote_foreign.h"

namespace croft {
namespace {

struct CurlDeleter {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using CurlHandle = std::unique_ptr<CURL, CurlDeleter>;
using CurlList = std::unique_ptr<curl_slist, CurlDeleter>;
using CurlUrl = std::unique_ptr<CURLU, CurlDeleter>;

/// The parts of a URL that decide who receives a credential.
struct Origin {
  std::string scheme;
  std::string host;
  std::string port;
  bool has_user = false;
  friend bool operator==(const Origin&, const Origin&) = default;
};

std::string url_part(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return {};
  std::string out = text;
  curl_free(text);
  return out;
}

/// Errors: InvalidArgument where the URL is not http(s) or carries a user or password.
Result<Origin> parse_origin(const std::string& url) {
  const CurlUrl parsed(curl_url());
  if (!parsed || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) {
    return fail(ErrorCode::InvalidArgument, shown_url(url) + " is not a URL",
                "Write it as https://host/path.");
  }
  Origin origin{ascii_lower(url_part(parsed.get(), CURLUPART_SCHEME)),
                ascii_lower(url_part(parsed.get(), CURLUPART_HOST)),
                url_part(parsed.get(), CURLUPART_PORT),
                !url_part(parsed.get(), CURLUPART_USER).empty() ||
                    !url_part(parsed.get(), CURLUPART_PASSWORD).empty()};
  if (origin.scheme != "http" && origin.scheme != "https") {
    return fail(ErrorCode::InvalidArgument, shown_url(url) + " is neither http nor https",
                "Write it as https://host/path.");
  }
  if (origin.has_user) {
    return fail(ErrorCode::InvalidArgument,
                "A URL of " + origin.host + " carries a user or password", "Pass a token instead.");
  }
  return origin;
}

/// One hop of a request: what libcurl's callbacks see and leave behind.
class Transfer {
 public:
  Transfer(const OutboundRequest& request, const HttpSink& sink, OutboundResponse& response)
      : request_(request), response_(response), receiver_(request, sink, response) {}

  Result<void> perform(const std::string& url, bool with_token);

  /// Absolute target of a redirect; empty where the response is none.
  [[nodiscard]] const std::string& redirect_target() const { return redirect_target_; }

 private:
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t);

  Result<CurlList> build_headers(bool with_token) const;
  void set_options(CURL* handle, const std::string& url, curl_slist* headers);
  /// Runs one step of ours inside libcurl, which is C: neither an error nor an exception may pass
  /// through it.
  template <typename Step>
  bool guarded(Step step);
  Result<void> end(CURL* handle, CURLcode code);

  const OutboundRequest& request_;
  OutboundResponse& response_;
  HttpReceiver receiver_;
  std::string redirect_target_;
  std::optional<Error> error_;
  std::exception_ptr exception_;
};

template <typename Step>
bool Transfer::guarded(Step step) {
  try {
    Result<void> result = step();
    if (result) return true;
    error_ = std::move(result).error();
  } catch (...) {
    exception_ = std::current_exception();
  }
  return false;
}

std::size_t Transfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::string_view line(data, size * count);
  return transfer.guarded([&] { return transfer.receiver_.take_header(line); }) ? line.size() : 0;
}

std::size_t Transfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const auto bytes = std::as_bytes(std::span(data, size * count));
  // Anything other than the count stops libcurl; 0 would not, for an empty piece.
  if (!transfer.guarded([&] { return transfer.receiver_.take_body(bytes); }))
    return CURL_WRITEFUNC_ERROR;
  return bytes.size();
}

int Transfer::on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transfer*>(self)->request_.stop.stop_requested() ? 1 : 0;
}

Result<CurlList> Transfer::build_headers(bool with_token) const {
  std::vector<std::string> lines = request_.headers;
  for (const std::string& line : lines) {
    const std::string name = ascii_lower(trim_spaces(line.substr(0, line.find(':'))));
    const bool secret =
        name == "authorization" || name == "cookie" || name == "proxy-authorization";
    if (name.empty() || secret || line.find(':') == std::string::npos) {
      return fail(ErrorCode::InvalidArgument,
                  "The request header " + quote_foreign(name) + " cannot be sent",
                  secret ? "Pass the token as bearer_token." : "Write it as \"Name: value\".");
    }
  }
  if (with_token) lines.push_back("Authorization: Bearer " + *request_.bearer_token);
  CurlList list;
  for (const std::string& line : lines) {
    if (line.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      return fail(ErrorCode::InvalidArgument, "A request header or token contains a line break",
                  "Remove it, it is often copied by accident at the end of a token.");
    }
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    CHECK(longer != nullptr);
    static_cast<void>(list.release());
    list.reset(longer);
  }
  return list;
}

void Transfer::set_options(CURL* handle, const std::string& url, curl_slist* headers) {
  const auto set = [&](CURLoption option, auto value) {
    CHECK(curl_easy_setopt(handle, option, value) == CURLE_OK);
  };
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);  // http_get follows by itself, to check each target
  set(CURLOPT_USERAGENT, "croft");
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request_.connect_timeout.count()));
  set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(request_.stall_timeout.count()));
  set(CURLOPT_HTTPHEADER, headers);
  set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, &Transfer::on_progress);
  set(CURLOPT_XFERINFODATA, static_cast<void*>(this));
  if (request_.resume_from > 0) {
    // CURLOPT_RESUME_FROM would make a 200 an error; here it is an answer.
    set(CURLOPT_RANGE, (std::to_string(request_.resume_from) + "-").c_str());
  }
}

/// Turns libcurl's outcome into ours.
Result<void> Transfer::end(CURL* handle, CURLcode code) {
  if (exception_) std::rethrow_exception(exception_);
  if (error_) return std::unexpected(*std::move(error_));
  if (request_.stop.stop_requested() || code == CURLE_ABORTED_BY_CALLBACK) {
    return http_cancelled(request_.url);
  }
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return fail(ErrorCode::Timeout, shown_url(response_.final_url) + " does not answer",
                "Check the network and proxy settings, then try again.");
  }
  if (code != CURLE_OK) {
    return fail(ErrorCode::Io,
                "Cannot read " + shown_url(response_.final_url) + ": " + curl_easy_strerror(code),
                "Check the address, the network and the proxy settings, then try again.");
  }
  if (receiver_.is_redirect()) {
    char* target = nullptr;
    if (curl_easy_getinfo(handle, CURLINFO_REDIRECT_URL, &target) == CURLE_OK &&
        target != nullptr) {
      redirect_target_ = target;
    }
    return {};
  }
  return receiver_.finish();
}

Result<void> Transfer::perform(const std::string& url, bool with_token) {
  response_.final_url = url;
  const CurlHandle handle(curl_easy_init());
  CHECK(handle != nullptr);
  const CurlList headers = TRY(build_headers(with_token));
  set_options(handle.get(), url, headers.get());
  const CURLcode code = curl_easy_perform(handle.get());
  return end(handle.get(), code);
}

Result<Origin> check_redirect(const OutboundRequest& request, const std::string& from,
                              const Origin& from_origin, const std::string& to) {
  const auto refused = [&](const std::string& why) {
    return fail(
        ErrorCode::Forbidden,
        "The redirect from " + shown_url(from) + " to " + shown_url(to) + " was refused: " + why,
        "Check the address that was asked for.");
  };
  auto origin = parse_origin(to);
  if (!origin) return refused(origin.error().message);
  if (from_origin.scheme == "https" && origin->scheme != "https") {
    return refused("it leaves https");
  }
  if (request.allow_redirect && !request.allow_redirect(to)) return refused("it is not allowed");
  return origin;
}

}  // namespace

void init_http() {
  static std::once_flag once;
  std::call_once(once, [] { CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK); });
}

Result<void> check_http_url(const std::string& url) {
  const Result<Origin> origin = parse_origin(url);
  if (!origin) return std::unexpected(origin.error());
  return check_may_connect("ask " + shown_url(url));
}

Result<OutboundResponse> http_get(const OutboundRequest& request, const HttpSink& sink) {
  TRY(check_http_url(request.url));
  init_http();
  const Origin first_origin = TRY(parse_origin(request.url));
  OutboundResponse response;
  std::string url = request.url;
  Origin origin = first_origin;
  bool trusted = true;  // once a redirect left the first host, no later hop gets the token
  while (true) {
    Transfer transfer(request, sink, response);
    TRY(transfer.perform(url, trusted && request.bearer_token.has_value()));
    const std::string target = transfer.redirect_target();
    if (target.empty()) return response;
    response.redirects.push_back({url, response.status, std::exchange(response.headers, {})});
    if (response.redirects.size() > static_cast<std::size_t>(request.redirects_max)) {
      return fail(ErrorCode::Io,
                  shown_url(request.url) + " redirects more than " +
                      std::to_string(request.redirects_max) + " times",
                  "Check the address.");
    }
    origin = TRY(check_redirect(request, url, origin, target));
    trusted = trusted && origin == first_origin;
    url = target;
  }
}

}  // namespace croft

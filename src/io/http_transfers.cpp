#include "io/http_transfers.h"

#include <curl/curl.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <new>
#include <thread>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "base/mutex.h"
#include "io/http_receiver.h"
#include "io/quote_foreign.h"

namespace croft {
namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;

constexpr std::size_t head_bytes_max = 64 * limits::KiB;
constexpr long connections_kept = 256;
constexpr Milliseconds poll_max{1000};
constexpr std::size_t handles_kept = 128;

struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, ListDeleter>;

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using Easy = std::unique_ptr<CURL, EasyDeleter>;

Result<List> header_list(const std::vector<std::string>& lines) {
  List list;
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

/// One request under way. Everything happens on the transfers' thread.
class Transfer {
 public:
  Transfer(TransferRequest request, std::shared_ptr<TransferListener> listener)
      : request_(std::move(request)), listener_(std::move(listener)) {}

  Result<void> prepare(CURL* easy, Clock::time_point now);
  /// When it will have waited too long.
  [[nodiscard]] Clock::time_point due() const { return std::min(due_, total_due_); }
  [[nodiscard]] Error timeout_error(Clock::time_point now) const;
  void end(CURL* easy, std::optional<Error> error, Clock::time_point now);
  /// What libcurl's outcome means; none where all is well.
  [[nodiscard]] std::optional<Error> outcome(CURLcode code) const;

  Easy easy;

 private:
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  /// libcurl is C: no exception may pass through it.
  template <typename Step>
  bool guarded(Step step) {
    try {
      return step();
    } catch (const std::bad_alloc&) {
      refuse(ErrorCode::Unavailable, "this machine ran out of memory", "Try again later.");
      return false;
    }
  }
  bool take_header(std::string_view line);
  bool take_body(std::string_view bytes);
  /// Tells the listener of the head once, before the body.
  bool give_head();
  void refuse(ErrorCode code, std::string message, std::string hint) {
    refusal_ = Error{code, std::move(message), std::move(hint), {}};
  }

  TransferRequest request_;
  std::shared_ptr<TransferListener> listener_;
  List headers_;
  HttpHeaders response_;
  std::optional<Error> refusal_;
  int status_ = 0;
  std::size_t head_bytes_ = 0;
  std::uint64_t body_bytes_ = 0;
  bool head_given_ = false;
  Clock::time_point started_;
  Clock::time_point due_;
  Clock::time_point total_due_;
};

Result<void> Transfer::prepare(CURL* handle, Clock::time_point now) {
  started_ = now;
  due_ = now + request_.first_byte_timeout;
  total_due_ = now + request_.total_timeout;
  TRY(check_http_url(request_.url));
  headers_ = TRY(header_list(request_.headers));
  const auto set = [&](CURLoption option, auto value) {
    CHECK(curl_easy_setopt(handle, option, value) == CURLE_OK);
  };
  set(CURLOPT_URL, request_.url.c_str());
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
  due_ = Clock::now() + request_.between_timeout;
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
  due_ = Clock::now() + request_.between_timeout;
  listener_->on_body(bytes);
  return true;
}

Error Transfer::timeout_error(Clock::time_point now) const {
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
  return Error{.code = ErrorCode::Io,
               .message = "cannot ask " + shown_url(request_.url) + ": " + curl_easy_strerror(code),
               .hint = "Check the address, the network, certificates and proxy settings.",
               .field = {}};
}

void Transfer::end(CURL* handle, std::optional<Error> error, Clock::time_point now) {
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

}  // namespace

struct HttpTransfers::Impl {
  struct Command {
    Id id = 0;
    std::unique_ptr<Transfer> start = {};  ///< null: cancel, or run the task
    std::function<void()> task = {};
    Clock::time_point task_due = {};
  };

  Impl() {
    init_http();
    multi = curl_multi_init();
    CHECK(multi != nullptr);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, connections_kept);
    thread = std::thread([this] { run(); });
  }
  ~Impl() {
    stopping = true;
    curl_multi_wakeup(multi);
    thread.join();
    spare.clear();
    curl_multi_cleanup(multi);
  }

  void push(Command command) {
    {
      const MutexLock lock(mutex);
      commands.push_back(std::move(command));
    }
    curl_multi_wakeup(multi);
  }

  void run() {
    while (!stopping) {
      take_commands();
      run_tasks(Clock::now());
      int active = 0;
      CHECK(curl_multi_perform(multi, &active) == CURLM_OK);
      take_outcomes();
      curl_multi_poll(multi, nullptr, 0, static_cast<int>(end_overdue().count()), nullptr);
    }
    // Whoever waits hears of the end: tasks run at once, transfers are cancelled, and so is what
    // either of them begins.
    do {
      take_commands();
      run_tasks(Clock::time_point::max());
      while (!transfers.empty()) cancel(transfers.begin()->first);
    } while (has_commands());
  }

  [[nodiscard]] bool has_commands() {
    const MutexLock lock(mutex);
    return !commands.empty();
  }

  void take_commands() {
    std::vector<Command> taken;
    {
      const MutexLock lock(mutex);
      taken.swap(commands);
    }
    for (Command& command : taken) {
      if (command.start)
        begin(command.id, std::move(command.start));
      else if (!command.task)
        cancel(command.id);
      else
        tasks.emplace(command.task_due, std::move(command.task));
    }
  }

  void run_tasks(Clock::time_point until) {
    while (!tasks.empty() && tasks.begin()->first <= until) {
      const std::function<void()> task = std::move(tasks.begin()->second);
      tasks.erase(tasks.begin());
      task();
    }
  }

  void begin(Id id, std::unique_ptr<Transfer> transfer) {
    const auto now = Clock::now();
    Easy easy;
    if (!spare.empty()) {
      easy = std::move(spare.back());
      spare.pop_back();
    } else {
      easy.reset(curl_easy_init());
      CHECK(easy != nullptr);
    }
    if (Result<void> ready = transfer->prepare(easy.get(), now); !ready) {
      --count;
      transfer->end(nullptr, ready.error(), now);
      return;
    }
    CHECK(curl_multi_add_handle(multi, easy.get()) == CURLM_OK);
    ids[easy.get()] = id;
    transfer->easy = std::move(easy);
    transfers.emplace(id, std::move(transfer));
  }

  void take_outcomes() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      const auto found = transfers.find(ids.at(message->easy_handle));
      finish(found, found->second->outcome(code));
    }
  }

  using Place = std::unordered_map<Id, std::unique_ptr<Transfer>>::iterator;
  void finish(Place place, std::optional<Error> error) {
    const std::unique_ptr<Transfer> transfer = std::move(place->second);
    transfers.erase(place);
    --count;
    Easy easy = std::move(transfer->easy);
    ids.erase(easy.get());
    curl_multi_remove_handle(multi, easy.get());
    transfer->end(easy.get(), std::move(error), Clock::now());
    if (spare.size() >= handles_kept) return;
    curl_easy_reset(easy.get());  // connections and names stay with the multi handle
    spare.push_back(std::move(easy));
  }

  void cancel(Id id) {
    const auto found = transfers.find(id);
    if (found == transfers.end()) return;
    finish(found, Error{ErrorCode::Cancelled, "the request to the upstream was cancelled", {}, {}});
  }

  /// Ends what has waited too long; gives the time until the next one will have.
  Milliseconds end_overdue() {
    const auto now = Clock::now();
    auto next = now + poll_max;
    if (!tasks.empty()) next = std::min(next, tasks.begin()->first);
    std::vector<Id> overdue;
    for (const auto& [id, transfer] : transfers) {
      if (transfer->due() <= now)
        overdue.push_back(id);
      else
        next = std::min(next, transfer->due());
    }
    for (const Id id : overdue) {
      const auto found = transfers.find(id);
      finish(found, found->second->timeout_error(now));
    }
    if (!overdue.empty()) return Milliseconds(0);
    return std::max(Milliseconds(0), std::chrono::ceil<Milliseconds>(next - now));
  }

  CURLM* multi = nullptr;
  std::unordered_map<Id, std::unique_ptr<Transfer>> transfers;
  std::unordered_map<CURL*, Id> ids;
  std::vector<Easy> spare;
  std::multimap<Clock::time_point, std::function<void()>> tasks;
  std::atomic<bool> stopping{false};
  std::atomic<std::size_t> count{0};
  std::atomic<Id> next_id{1};
  Mutex mutex;
  std::vector<Command> commands GUARDED_BY(mutex);
  std::thread thread;
};

HttpTransfers::HttpTransfers() : impl_(std::make_unique<Impl>()) {}
HttpTransfers::~HttpTransfers() = default;

HttpTransfers::Id HttpTransfers::start(TransferRequest request,
                                       std::shared_ptr<TransferListener> listener) {
  const Id id = impl_->next_id++;
  ++impl_->count;
  impl_->push(
      {.id = id, .start = std::make_unique<Transfer>(std::move(request), std::move(listener))});
  return id;
}

void HttpTransfers::cancel(Id id) {
  impl_->push({.id = id});
}

void HttpTransfers::post(std::function<void()> task) {
  impl_->push({.task = std::move(task)});
}

void HttpTransfers::post_after(std::chrono::milliseconds delay, std::function<void()> task) {
  impl_->push({.task = std::move(task), .task_due = Clock::now() + delay});
}

std::size_t HttpTransfers::running() const {
  return impl_->count;
}

}  // namespace croft

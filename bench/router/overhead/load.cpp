#include "load.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <map>
#include <memory>

#include "answers.h"
#include "figures.h"
#include "http_framing.h"
#include "machine.h"
#include "options.h"
#include "prompts.h"
#include "stream_scan.h"

namespace croft::overhead {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t reconnect_after_ns = second_ns / 100;
constexpr std::int64_t look_around_ns = second_ns / 20;

struct Plan {
  std::string host;
  std::uint16_t port = 80;
  std::size_t concurrency = 1;
  std::int64_t requests = 0;  // 0: as many as come within `seconds`
  std::int64_t seconds_ns = 0;
  std::int64_t warm_up = 0;  // requests before those that count
  std::int64_t timeout_ns = 0;
  std::int64_t pieces = 0;  // of each stream; 0: any number
  bool stream = false;
};

struct Client {
  int descriptor = -1;
  bool busy = false;
  bool counts = false;       // asked after the warm-up
  bool used_before = false;  // an idle connection may be closed by the other side: then one new try
  std::string request;
  std::size_t sent = 0;
  Framing framing;
  StreamScan scan;
  std::int64_t asked_ns = 0, last_piece_ns = 0, pieces = 0, resume_ns = 0;
};

class Load {
 public:
  Load(const Plan& plan, const Prompts::Form& form)
      : plan_(plan), prompts_(form), clients_(plan.concurrency), buffer_(1 << 18) {
    latencies_.reserve(static_cast<std::size_t>(std::max<std::int64_t>(plan.requests, 1 << 18)));
  }

  void run() {
    for (std::size_t at = 0; at < clients_.size(); ++at) ask(at);
    std::int64_t looked_ns = now_ns();
    while (answering_ > 0 || wants_more()) {
      const std::size_t count = poll_.wait(looked_ns + look_around_ns);
      for (std::size_t at = 0; at < count; ++at) serve(poll_.ready[at]);
      if (const std::int64_t now = now_ns(); now >= looked_ns + look_around_ns) {
        look_around(now);
        looked_ns = now;
      }
      if (asked_to_stop()) break;
    }
    for (Client& client : clients_) {
      if (client.descriptor >= 0) close(client.descriptor);
    }
  }

  bool report() {
    const double seconds = static_cast<double>(last_counted_ns_ - began_ns_) / 1e9;
    const auto answers = static_cast<double>(latencies_.size());
    const std::int64_t cpu = ended_cpu_us_ - began_cpu_us_;
    std::string errors;
    for (const auto& [kind, count] : errors_)
      errors += (errors.empty() ? "\"" : ", \"") + kind + "\": " + std::to_string(count);
    const bool any = !latencies_.empty() && seconds > 0;
    std::printf(
        "{\"concurrency\": %zu, \"stream\": %s, \"seconds\": %.3f, \"answers\": %zu, "
        "\"requests_per_second\": %.1f, \"errors\": {%s}, "
        "\"reconnects\": %lld, \"client_cpu_share\": %.3f, \"client_cpu_us_per_request\": %.2f",
        plan_.concurrency, plan_.stream ? "true" : "false", seconds, latencies_.size(),
        any ? answers / seconds : 0.0, errors.c_str(), static_cast<long long>(reconnects_),
        any ? static_cast<double>(cpu) / 1e6 / seconds : 0.0,
        any ? static_cast<double>(cpu) / answers : 0.0);
    std::printf(", \"latency_us\": %s, \"first_piece_us\": %s, \"gap_us\": %s, \"piece_us\": %s}\n",
                microseconds_json(latencies_).c_str(), microseconds_json(first_pieces_).c_str(),
                microseconds_json(gaps_).c_str(), microseconds_json(piece_ways_).c_str());
    return any;
  }

 private:
  bool wants_more() const {
    if (plan_.requests > 0) return asked_ < plan_.requests + plan_.warm_up;
    return began_ns_ == 0 || now_ns() < began_ns_ + plan_.seconds_ns;
  }

  void begin_to_count(std::int64_t now) {
    began_ns_ = last_counted_ns_ = now;
    began_cpu_us_ = ended_cpu_us_ = cpu_us();
  }

  void ask(std::size_t at) {
    Client& client = clients_[at];
    if (!wants_more()) return;
    prompts_.write(client.request);
    const std::int64_t now = now_ns();
    if (began_ns_ == 0 && asked_ >= plan_.warm_up) begin_to_count(now);
    client.counts = began_ns_ != 0;
    ++asked_;
    ++answering_;
    client.busy = true;
    client.asked_ns = now;
    start(at);
  }

  void start(std::size_t at) {
    Client& client = clients_[at];
    client.used_before = client.descriptor >= 0;
    if (client.descriptor < 0 && !connect_client(at)) return fail_client(at, "no connection");
    client.sent = 0;
    client.pieces = client.last_piece_ns = 0;
    client.framing.restart();
    client.scan.restart();
    send_rest(at);
  }

  bool connect_client(std::size_t at) {
    clients_[at].descriptor = connect_to(plan_.host, plan_.port);
    if (clients_[at].descriptor < 0) return false;
    poll_.add(clients_[at].descriptor, EPOLLIN, at);
    return true;
  }

  void send_rest(std::size_t at) {
    Client& client = clients_[at];
    const bool waited = client.sent > 0;
    const ssize_t count = send(client.descriptor, client.request.data() + client.sent,
                               client.request.size() - client.sent, MSG_NOSIGNAL);
    if (count < 0 && errno != EAGAIN && errno != EINTR) return broke(at, "broken");
    if (count > 0) client.sent += static_cast<std::size_t>(count);
    const bool waits = client.sent < client.request.size();
    if (waits || waited) poll_.change(client.descriptor, waits ? EPOLLIN | EPOLLOUT : EPOLLIN, at);
  }

  void serve(const epoll_event& event) {
    const std::size_t at = event.data.u64;
    Client& client = clients_[at];
    if (client.descriptor < 0) return;
    if ((event.events & EPOLLOUT) != 0 && client.busy) send_rest(at);
    if ((event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0 || client.descriptor < 0) return;
    const ssize_t count = recv(client.descriptor, buffer_.data(), buffer_.size(), 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) return broke(at, "closed in mid answer");
    if (!client.busy) return broke(at, "bytes that nobody asked for");
    take(at, std::string_view(buffer_.data(), static_cast<std::size_t>(count)));
  }

  void take(std::size_t at, std::string_view data) {
    Client& client = clients_[at];
    const std::int64_t now = now_ns();
    const std::size_t used = client.framing.feed(data);
    if (client.framing.wrong) return broke(at, "no HTTP");
    if (plan_.stream) take_pieces(client, now);
    if (!client.framing.done) return;
    if (used < data.size()) return broke(at, "bytes that nobody asked for");
    finish(at, now);
  }

  void take_pieces(Client& client, std::int64_t now) {
    marks_.clear();
    client.scan.read(client.framing.body, marks_);
    for (const std::int64_t mark : marks_) {
      if (client.counts) {
        piece_ways_.push_back(now - mark);
        if (client.pieces == 0) {
          first_pieces_.push_back(now - client.asked_ns);
        } else {
          gaps_.push_back(now - client.last_piece_ns);
        }
      }
      ++client.pieces;
      client.last_piece_ns = now;
    }
  }

  /// Empty if the answer is what the mock says, else what is wrong.
  std::string fault_of(const Client& client) const {
    if (client.framing.status() != 200) return "status " + std::to_string(client.framing.status());
    if (!plan_.stream)
      return client.framing.body.find(marker) == std::string::npos ? "not the mock's answer" : "";
    if (client.scan.failed) return "error in the stream";
    if (!client.scan.finished) return "stream without [DONE]";
    return client.pieces == 0 || (plan_.pieces > 0 && client.pieces != plan_.pieces)
               ? "pieces missing"
               : "";
  }

  void finish(std::size_t at, std::int64_t now) {
    Client& client = clients_[at];
    if (const std::string fault = fault_of(client); !fault.empty()) return fail_client(at, fault);
    client.busy = false;
    --answering_;
    // Within the time only: what ends later has fewer and fewer others beside it.
    if (client.counts && (plan_.requests > 0 || now <= began_ns_ + plan_.seconds_ns)) {
      latencies_.push_back(now - client.asked_ns);
      last_counted_ns_ = now;
      if (latencies_.size() % 64 == 0 || !wants_more()) ended_cpu_us_ = cpu_us();
    }
    if (!client.framing.keep_alive) disconnect(client);
    ask(at);
  }

  void broke(std::size_t at, const char* kind) {
    Client& client = clients_[at];
    const bool idle_end = client.used_before && client.framing.head.empty();
    disconnect(client);
    if (!client.busy) return;
    if (!idle_end) return fail_client(at, kind);
    ++reconnects_;
    start(at);
  }

  void disconnect(Client& client) {
    if (client.descriptor >= 0) close(client.descriptor);
    client.descriptor = -1;
  }

  void fail_client(std::size_t at, const std::string& kind) {
    Client& client = clients_[at];
    if (client.counts) ++errors_[kind];
    disconnect(client);
    client.busy = false;
    --answering_;
    client.resume_ns =
        now_ns() + reconnect_after_ns;  // a server that is down is not asked in a frenzy
  }

  void look_around(std::int64_t now) {
    for (std::size_t at = 0; at < clients_.size(); ++at) {
      Client& client = clients_[at];
      if (client.busy && now - client.asked_ns > plan_.timeout_ns) fail_client(at, "timeout");
      if (!client.busy && now >= client.resume_ns) ask(at);
    }
  }

  Plan plan_;
  Prompts prompts_;
  Poll poll_;
  std::vector<Client> clients_;
  std::vector<char> buffer_;
  std::vector<std::int64_t> latencies_, first_pieces_, gaps_, piece_ways_, marks_;
  std::map<std::string, std::int64_t> errors_;
  std::int64_t asked_ = 0, answering_ = 0, reconnects_ = 0;
  std::int64_t began_ns_ = 0, last_counted_ns_ = 0, began_cpu_us_ = 0, ended_cpu_us_ = 0;
};

/// http://HOST[:PORT][/PATH]; ends the program otherwise.
void read_url(std::string_view url, Plan& plan, Prompts::Form& form) {
  constexpr std::string_view scheme = "http://";
  if (!url.starts_with(scheme)) fail("--url begins with http://, not " + std::string(url));
  url.remove_prefix(scheme.size());
  const std::string_view place = url.substr(0, url.find('/'));
  form.path = url.substr(place.size());
  while (form.path.ends_with('/')) form.path.pop_back();
  form.host = place;
  const std::size_t colon = place.rfind(':');
  plan.host = place.substr(0, colon);
  if (colon == std::string_view::npos) return;
  const std::string_view port = place.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), plan.port);
  if (error != std::errc() || end != port.data() + port.size())
    fail("--url has no port number: " + std::string(place));
}

}  // namespace

int run_load(const std::vector<std::string>& arguments) {
  const Options options(
      {{"url", "http://127.0.0.1:8080/v1", "where /chat/completions is below"},
       {"model", "mock", "its name"},
       {"key", "", "sent as Authorization: Bearer"},
       {"concurrency", "1", "clients", 10'000},
       {"seconds-ms", "1000", "how long, after the warm-up", 86'400'000},
       {"requests", "0", "instead of --seconds-ms: how many", 1'000'000'000},
       {"warm-up", "100", "requests before those that count", 1'000'000'000},
       {"prompt-chars", "1000", "length of each prompt", 16'000'000},
       {"stream", "0", "1: streams", 1},
       {"chunks", "0", "pieces that each stream must have; 0: at least one", 1'000'000},
       {"timeout-ms", "30000", "for one answer", 86'400'000},
       {"seed", "1", "another seed, other prompts", 1'000'000'000}},
      arguments);
  Plan plan;
  Prompts::Form form;
  read_url(options.text("url"), plan, form);
  form.model = options.text("model");
  form.key = options.text("key");
  if ((form.model + form.key).find_first_of("\"\\\r\n") != std::string::npos)
    fail("--model and --key are plain names");
  form.characters = static_cast<std::size_t>(options.number("prompt-chars"));
  form.stream = plan.stream = options.number("stream") != 0;
  form.seed = static_cast<std::uint64_t>(options.number("seed"));
  plan.concurrency =
      static_cast<std::size_t>(std::max<std::int64_t>(1, options.number("concurrency")));
  plan.requests = options.number("requests");
  plan.seconds_ns = options.number("seconds-ms") * 1'000'000;
  plan.warm_up = options.number("warm-up");
  plan.timeout_ns = options.number("timeout-ms") * 1'000'000;
  plan.pieces = options.number("chunks");
  const auto load = std::make_unique<Load>(plan, form);
  load->run();
  return load->report() ? 0 : 1;
}

}  // namespace croft::overhead

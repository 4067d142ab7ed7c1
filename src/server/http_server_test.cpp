// Goal: what only a real socket shows: limits (413, 431, 408), keep-alive, pipelining, HTTP/1.0, a
// hundred streams at once, clients that leave or never read, too many of them, draining. Method:
// plain POSIX sockets against a server on a free port with the fake engine and shortened time-outs.
#include "server/http_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <thread>

#include "server/application.h"
#include "server/testing/fake_engine.h"

namespace croft {
namespace {

using ::testing::EndsWith;
using testing::FakeEngine;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using namespace std::chrono_literals;

/// A server with a fake engine, stopped at the end of the test.
class TestServer {
 public:
  explicit TestServer(FakeEngine::Options engine_options = {}, HttpServerOptions options = quick())
      : application_({.access = {.host = "127.0.0.1"}, .model_name = "fake"}),
        server_(std::make_unique<HttpServer>(std::move(options), application_)) {
    auto engine = std::make_shared<FakeEngine>(std::move(engine_options));
    engine_ = engine.get();
    application_.set_engine(std::move(engine));
    port_ = server_->listen().value();
    thread_ = std::thread([this] { server_->run(); });
  }
  ~TestServer() {
    server_->begin_drain();
    thread_.join();
    application_.release_engine();
  }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  static HttpServerOptions quick() {
    HttpServerOptions options;
    options.header_read = 300ms;
    options.body_read = 300ms;
    options.idle = 2s;
    options.ping = 100ms;
    options.drain = 300ms;
    options.body_bytes_max = 1000;
    options.header_bytes_max = 4096;
    return options;
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] FakeEngine& engine() { return *engine_; }
  [[nodiscard]] Application& application() { return application_; }
  [[nodiscard]] HttpServer& server() { return *server_; }

 private:
  Application application_;
  std::unique_ptr<HttpServer> server_;
  FakeEngine* engine_ = nullptr;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

class Client {
 public:
  explicit Client(const TestServer& server) : Client(server.port()) {}
  explicit Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~Client() { leave(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void leave() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }
  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  /// What comes until `end` has been seen, the server closes, or ten seconds pass.
  std::string read_until(std::string_view end) {
    while (received_.find(end) == std::string::npos) {
      pollfd waiting{.fd = socket_, .events = POLLIN, .revents = 0};
      if (::poll(&waiting, 1, 10'000) <= 0) return std::exchange(received_, {}) + "[timed out]";
      char buffer[4096];
      const ssize_t got = ::recv(socket_, buffer, sizeof buffer, 0);
      if (got <= 0) return std::exchange(received_, {}) + "[closed]";
      received_.append(buffer, static_cast<std::size_t>(got));
    }
    const std::size_t length = received_.find(end) + end.size();
    std::string text = received_.substr(0, length);
    received_.erase(0, length);
    return text;
  }
  std::string read_all() { return read_until("\x01never sent\x01"); }

 private:
  int socket_;
  std::string received_;
};

std::string post(std::string_view path, std::string_view body, std::string_view more = {}) {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(more) +
         "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + std::string(body);
}

const std::string kGet = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";
const std::string kHello = R"({"prompt": "x"})";
const std::string kHelloEnd = "\"cached_tokens\":0}}}";
const std::string kStream = R"({"prompt": "x", "stream": true})";
const std::string kEndless =
    R"({"prompt": "x", "stream": true, "ignore_eos": true, "max_tokens": 100000})";

TEST(HttpServer, AnswersOneAfterAnotherOnOneConnection) {
  const TestServer server;
  Client client(server);
  for (int i = 0; i < 3; ++i) {
    client.send(post("/v1/completions", kHello, "x-request-id: mine-7\r\n"));
    const std::string answer = client.read_until(kHelloEnd);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(answer, HasSubstr("x-request-id: mine-7\r\n"));
    EXPECT_THAT(answer, HasSubstr("Server: croft/"));
    EXPECT_THAT(answer, HasSubstr("\"text\":\"hello\""));
  }
}

TEST(HttpServer, PipelinedRequestsAreAnsweredInOrder) {
  const TestServer server;
  Client client(server);
  client.send(post("/v1/completions", kHello) + kGet + post("/tokenize", R"({"content": "a"})"));
  EXPECT_THAT(client.read_until(kHelloEnd), HasSubstr("hello"));
  EXPECT_THAT(client.read_until("{\"status\":\"alive\"}"), HasSubstr("200 OK"));
  EXPECT_THAT(client.read_until("{\"tokens\":[97]}"), HasSubstr("200 OK"));
}

TEST(HttpServer, StreamsAreChunked) {
  const TestServer server;
  Client client(server);
  client.send(post("/v1/completions", kStream));
  const std::string answer = client.read_until("0\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Content-Type: text/event-stream\r\n"));
  EXPECT_THAT(answer, HasSubstr("Cache-Control: no-cache\r\n"));
  EXPECT_THAT(answer, HasSubstr("X-Accel-Buffering: no\r\n"));
  EXPECT_THAT(answer, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_THAT(answer, HasSubstr("e\r\ndata: [DONE]\n\n\r\n"));
  client.send(kGet);
  EXPECT_THAT(client.read_until("alive"), HasSubstr("200 OK")) << "the connection goes on";
}

TEST(HttpServer, Http10GetsNoChunksAndAClosedConnection) {
  const TestServer server;
  Client client(server);
  client.send(
      "POST /v1/completions HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: " +
      std::to_string(kStream.size()) + "\r\n\r\n" + kStream);
  const std::string answer = client.read_all();
  EXPECT_THAT(answer, StartsWith("HTTP/1.0 200 OK\r\n"));
  EXPECT_EQ(answer.find("chunked"), std::string::npos);
  EXPECT_THAT(answer, EndsWith("data: [DONE]\n\n[closed]"));
}

TEST(HttpServer, HeadHasNoBody) {
  const TestServer server;
  Client client(server);
  client.send("HEAD /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const std::string answer = client.read_all();
  EXPECT_THAT(answer, HasSubstr("Content-Length: 18\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n[closed]"));
}

TEST(HttpServer, BodiesOverTheLimitGet413) {
  const TestServer server;
  Client announced(server);
  announced.send(
      "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1001\r\n\r\n");
  EXPECT_THAT(announced.read_all(), StartsWith("HTTP/1.1 413 "));
  Client chunked(server);
  chunked.send(
      "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Transfer-Encoding: chunked\r\n\r\n7d0\r\n" +
      std::string(2000, ' ') + "\r\n0\r\n\r\n");
  EXPECT_THAT(chunked.read_all(), StartsWith("HTTP/1.1 413 "));
  Client whole(server);
  whole.send(post("/v1/completions", std::string(200'000, ' ')));
  EXPECT_THAT(whole.read_until("\r\n"), StartsWith("HTTP/1.1 413 "))
      << "the answer arrives although the body was sent";
}

TEST(HttpServer, HeadersOverTheLimitGet431) {
  const TestServer server;
  Client client(server);
  client.send("GET /livez HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(5000, 'x') +
              "\r\n\r\n");
  EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 431 "));
}

TEST(HttpServer, SlowClientsGet408) {
  const TestServer server;
  Client header(server);
  header.send("POST /v1/completions HTTP/1.1\r\nHost: local");
  Client body(server);
  body.send(
      "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: 10\r\n\r\n{");
  EXPECT_THAT(header.read_all(), StartsWith("HTTP/1.1 408 "));
  EXPECT_THAT(body.read_all(), StartsWith("HTTP/1.1 408 "));
}

TEST(HttpServer, GarbageGets400) {
  const TestServer server;
  for (const std::string& garbage :
       {std::string("\x16\x03\x01\x02\r\n\r\n", 8), std::string("GET / HTTP/9.9\r\n\r\n"),
        std::string("GET /livez HTTP/1.1\r\nHost localhost\r\n\r\n"),
        std::string("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n"),
        std::string("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: "
                    "chunked\r\n\r\n")}) {
    Client client(server);
    client.send(garbage);
    EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 400 ")) << garbage;
  }
  Client client(server);
  client.send(kGet);
  EXPECT_THAT(client.read_until("alive"), HasSubstr("200 OK"));
}

TEST(HttpServer, S6_AForeignHostIsRefusedOverTheSocketToo) {
  const TestServer server;
  Client client(server);
  client.send("GET /v1/models HTTP/1.1\r\nHost: evil.example\r\n\r\n");
  EXPECT_THAT(client.read_until("}}"), StartsWith("HTTP/1.1 403 "));
}

TEST(HttpServer, ExpectContinueIsAnswered) {
  const TestServer server;
  Client client(server);
  client.send(
      "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Expect: 100-continue\r\nContent-Length: 16\r\n\r\n");
  EXPECT_THAT(client.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 100 "));
  client.send(R"({"content": "a"})");
  EXPECT_THAT(client.read_until("{\"tokens\":[97]}"), HasSubstr("200 OK"));
}

TEST(HttpServer, SilentStreamsArePinged) {
  const TestServer server({.context = 100'000, .step = 250ms});
  Client client(server);
  client.send(post("/v1/completions", kEndless));
  EXPECT_THAT(client.read_until(": ping\n\n"), HasSubstr("text/event-stream"));
}

TEST(HttpServer, AHundredStreamsAtOnce) {
  TestServer server({.step = 1ms});
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 100; ++i) {
    clients.push_back(std::make_unique<Client>(server));
    clients.back()->send(post("/v1/completions", kStream));
  }
  for (const std::unique_ptr<Client>& client : clients)
    EXPECT_THAT(client->read_until("0\r\n\r\n"), HasSubstr("data: [DONE]"));
}

TEST(HttpServer, AClientThatLeavesStopsItsWork) {
  TestServer server({.context = 1'000'000, .step = 1ms});
  for (const char* body :
       {kEndless.c_str(), R"({"prompt": "x", "ignore_eos": true, "max_tokens": 100000})"}) {
    Client client(server);
    client.send(post("/v1/completions", body));
    while (server.engine().running_count() == 0) std::this_thread::sleep_for(1ms);
    client.leave();
    const auto patience = std::chrono::steady_clock::now() + 10s;
    while (server.engine().running_count() != 0 && std::chrono::steady_clock::now() < patience)
      std::this_thread::sleep_for(1ms);
    EXPECT_EQ(server.engine().running_count(), 0u) << body;
  }
}

TEST(HttpServer, DrainingLetsAnAnswerFinishAndRefusesNewOnes) {
  TestServer server({.answer = std::string(20, 'x'), .step = 5ms});
  Client running(server);
  Client late(server);
  running.send(post("/v1/completions", R"({"prompt": "x", "stream": true, "max_tokens": 20})"));
  running.read_until("data: ");
  server.application().drain();
  server.server().begin_drain();
  late.send(post("/v1/completions", kHello));
  EXPECT_THAT(late.read_until("\r\n\r\n"),
              ::testing::AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("Retry-After: ")));
  EXPECT_THAT(running.read_until("0\r\n\r\n"), HasSubstr("data: [DONE]"));
}

TEST(HttpServer, DrainingEndsAnswersThatTakeTooLong) {
  TestServer server({.context = 1'000'000, .step = 5ms});
  Client client(server);
  client.send(post("/v1/completions", kEndless));
  client.read_until("data: ");
  server.server().begin_drain();
  const std::string rest = client.read_all();
  EXPECT_THAT(rest, HasSubstr("data: {\"error\":"));
  EXPECT_THAT(rest, EndsWith("[closed]"));
}

TEST(HttpServer, AHeaderByteByByteIsCutOffAllTheSame) {
  const TestServer server;
  Client client(server);
  for (const char byte : "GET /livez HTTP/1.1\r\nX-Long: " + std::string(50, 'x')) {
    client.send(std::string_view(&byte, 1));
    std::this_thread::sleep_for(20ms);
  }
  EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 408 "));
}

/// A client that never reads; whoever computes for it stops.
void expect_a_deaf_client_is_left(HttpServerOptions options) {
  TestServer server({.context = 10'000'000, .step = 1us}, std::move(options));
  const Client client(server);
  client.send(post("/v1/completions", R"({"prompt": "x", "stream": true, "ignore_eos": true,)"
                                      R"( "max_tokens": 1000000})"));
  const auto patience = std::chrono::steady_clock::now() + 90s;
  const auto wait_for = [&](bool running) {
    while ((server.engine().running_count() != 0) != running &&
           std::chrono::steady_clock::now() < patience)
      std::this_thread::sleep_for(1ms);
    return (server.engine().running_count() != 0) == running;
  };
  ASSERT_TRUE(wait_for(true)) << "no stream began";
  EXPECT_TRUE(wait_for(false)) << "the stream goes on";
  Client other(server);
  other.send(kGet);
  EXPECT_THAT(other.read_until("alive"), HasSubstr("200 OK"));
}

TEST(HttpServer, WhoNeverReadsIsLeftAfterAWhile) {
  HttpServerOptions options = TestServer::quick();
  options.write = 200ms;
  options.unsent_bytes_max = limits::GiB;
  expect_a_deaf_client_is_left(options);
}

TEST(HttpServer, WhoNeverReadsIsLeftOnceTooMuchIsWaiting) {
  HttpServerOptions options = TestServer::quick();
  options.write = 1h;
  options.unsent_bytes_max = limits::MiB;
  expect_a_deaf_client_is_left(options);
}

TEST(HttpServer, TooManyConnectionsGet503UntilOneLeaves) {
  HttpServerOptions options = TestServer::quick();
  options.idle = 1h;
  options.connections_max = 2;
  const TestServer server({}, options);
  std::array<std::unique_ptr<Client>, 2> clients;
  for (auto& client : clients) {
    client = std::make_unique<Client>(server);
    client->send(kGet);
    EXPECT_THAT(client->read_until("alive"), HasSubstr("200 OK"));
  }
  // More than are refused at the same time: the rest waits its turn.
  std::vector<std::unique_ptr<Client>> refused;
  for (int i = 0; i < 100; ++i) refused.push_back(std::make_unique<Client>(server));
  for (auto& client : refused) {
    EXPECT_THAT(client->read_all(),
                ::testing::AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("too many connections")));
    client->leave();
  }
  clients[0]->leave();
  for (int i = 0; i < 1000; ++i) {
    Client next(server);
    next.send(kGet);
    if (next.read_until("}").starts_with("HTTP/1.1 200 ")) return;
    std::this_thread::sleep_for(10ms);
  }
  FAIL() << "refused although one had left";
}

/// Answers nothing and throws, as the standard library does where memory is short.
class BrokenHandler final : public HttpHandler {
 public:
  std::optional<HttpResponse> admit(HttpRequest& head) override {
    if (head.path != "/fine") return std::nullopt;
    return HttpResponse{.status = 200, .content_type = "text/plain", .headers = {}, .body = "fine"};
  }
  void handle(HttpRequest, std::shared_ptr<ResponseWriter> writer) override {
    if (thrown++ % 2 == 0) throw std::bad_alloc();
    writer->begin_stream({});
    writer->post([] { throw std::bad_alloc(); });
  }
  void completed(const RequestRecord& record) override {
    if (record.status == 500) ++failed;
  }
  std::atomic<int> thrown = 0;
  std::atomic<int> failed = 0;
};

TEST(HttpServer, LackOfMemoryEndsOneAnswerOnly) {
  BrokenHandler handler;
  HttpServer server(TestServer::quick(), handler);
  const std::uint16_t port = server.listen().value();
  std::thread thread([&] { server.run(); });
  for (int i = 0; i < 4; ++i) {
    Client client(port);
    client.send(kGet);
    EXPECT_THAT(client.read_all(), EndsWith("[closed]")) << i;
    Client other(port);
    other.send("GET /fine HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_THAT(other.read_until("\r\n\r\nfine"), HasSubstr("200 OK"));
  }
  server.begin_drain();
  thread.join();
  EXPECT_EQ(handler.failed, 4);
}

TEST(HttpServer, AUsedPortIsNamed) {
  const TestServer server;
  HttpServerOptions options;
  options.port = server.port();
  Application application({.access = {.host = "127.0.0.1"}, .model_name = "fake"});
  HttpServer second(options, application);
  const Result<std::uint16_t> listening = second.listen();
  ASSERT_FALSE(listening);
  EXPECT_EQ(listening.error().code, ErrorCode::Io);
  EXPECT_THAT(listening.error().message, HasSubstr(std::to_string(server.port())));
}

}  // namespace
}  // namespace croft

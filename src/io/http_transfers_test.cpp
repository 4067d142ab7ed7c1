// Goal: transfers arrive whole and in order, every one of them ends once, and each way of failing
// has its own error. Method: a real server on this machine that answers as it is told.
#include "io/http_transfers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <future>

#include "io/test_server.h"

namespace croft {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

struct Heard {
  int status = 0;
  HttpHeaders headers;
  std::string body;
  int ends = 0;
  TransferEnd end;
};

class Listener final : public TransferListener {
 public:
  void on_head(int status, const HttpHeaders& headers) override {
    heard_.status = status;
    heard_.headers = headers;
  }
  void on_body(std::string_view bytes) override { heard_.body += bytes; }
  void on_end(const TransferEnd& end) override {
    heard_.end = end;
    if (++heard_.ends == 1) done_.set_value();
  }
  Heard wait() {
    EXPECT_EQ(done_.get_future().wait_for(20s), std::future_status::ready);
    return heard_;
  }

 private:
  Heard heard_;
  std::promise<void> done_;
};

Heard ask(HttpTransfers& transfers, TransferRequest request) {
  auto listener = std::make_shared<Listener>();
  transfers.start(std::move(request), listener);
  return listener->wait();
}

TEST(Transfers, GiveHeadBodyAndEnd) {
  TestServer server([](const std::string&) {
    return "HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: "
           "5\r\n\r\nhello";
  });
  HttpTransfers transfers;
  const Heard heard = ask(transfers, {.url = server.url("/v1/chat"),
                                      .headers = {"Authorization: Bearer sk-1"},
                                      .body = R"({"a": 1})"});
  EXPECT_EQ(heard.status, 429);
  EXPECT_EQ(heard.headers.at("retry-after"), "7");
  EXPECT_EQ(heard.headers.at("x-a"), "1, 2");
  EXPECT_EQ(heard.body, "hello");
  EXPECT_FALSE(heard.end.error);
  EXPECT_TRUE(heard.end.reached);
  const std::string request = server.requests().at(0);
  EXPECT_THAT(request, HasSubstr("POST /v1/chat HTTP/1.1"));
  EXPECT_THAT(request, HasSubstr("Authorization: Bearer sk-1"));
  EXPECT_THAT(request, HasSubstr("Content-Length: 8"));
  EXPECT_THAT(request, testing::Not(HasSubstr("Expect")));
}

TEST(Transfers, RunBesideEachOther) {
  TestServer server([](const std::string& request) {
    const std::string path = request.substr(5, request.find(" HTTP") - 5);
    return "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + path;
  });
  HttpTransfers transfers;
  std::vector<std::shared_ptr<Listener>> listeners;
  for (int i = 0; i < 50; ++i) {
    listeners.push_back(std::make_shared<Listener>());
    transfers.start({.url = server.url("/" + std::to_string(i))}, listeners.back());
  }
  for (int i = 0; i < 50; ++i)
    EXPECT_EQ(listeners[static_cast<std::size_t>(i)]->wait().body, "/" + std::to_string(i));
  EXPECT_EQ(transfers.running(), 0u);
}

TEST(Transfers, ABodyCutShortIsAnError) {
  TestServer server(
      [](const std::string&) { return "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf"; });
  HttpTransfers transfers;
  const Heard heard = ask(transfers, {.url = server.url("/")});
  ASSERT_TRUE(heard.end.error);
  EXPECT_EQ(heard.end.error->code, ErrorCode::Io);
  EXPECT_EQ(heard.body, "half");
  EXPECT_TRUE(heard.end.head_received);
}

TEST(Transfers, ANameOrPortThatIsNotThereWasNotReached) {
  std::string url;
  {
    const TestServer gone([](const std::string&) { return ""; });
    url = gone.url("/");
  }
  HttpTransfers transfers;
  const Heard heard = ask(transfers, {.url = url});
  ASSERT_TRUE(heard.end.error);
  EXPECT_EQ(heard.end.error->code, ErrorCode::Io);
  EXPECT_FALSE(heard.end.reached);
  EXPECT_EQ(heard.ends, 1);
}

TEST(Transfers, SilenceIsATimeOut) {
  std::promise<void> over;
  const std::shared_future<void> wait = over.get_future().share();
  TestServer server([wait](const std::string&) {
    wait.wait();
    return std::string();
  });
  HttpTransfers transfers;
  const Heard heard =
      ask(transfers, {.url = server.url("/?key=secret"), .first_byte_timeout = 50ms});
  over.set_value();
  ASSERT_TRUE(heard.end.error);
  EXPECT_EQ(heard.end.error->code, ErrorCode::Timeout);
  EXPECT_THAT(heard.end.error->message, HasSubstr("does not begin to answer"));
  EXPECT_THAT(heard.end.error->message, testing::Not(HasSubstr("secret")));
}

TEST(Transfers, CancelEndsOneAndDestructionAll) {
  std::promise<void> over;
  const std::shared_future<void> wait = over.get_future().share();
  TestServer server([wait](const std::string&) {
    wait.wait();
    return std::string();
  });
  auto first = std::make_shared<Listener>();
  auto second = std::make_shared<Listener>();
  {
    HttpTransfers transfers;
    const HttpTransfers::Id id = transfers.start({.url = server.url("/1")}, first);
    transfers.start({.url = server.url("/2")}, second);
    transfers.cancel(id);
    EXPECT_EQ(first->wait().end.error->code, ErrorCode::Cancelled);
    transfers.cancel(id);  // long gone
    transfers.cancel(4711);
  }
  over.set_value();
  EXPECT_EQ(second->wait().end.error->code, ErrorCode::Cancelled);
}

TEST(Transfers, ARedirectIsRefusedBecauseItWouldCarryTheRequestElsewhere) {
  TestServer server([](const std::string&) {
    return "HTTP/1.1 307 Temporary\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
  });
  HttpTransfers transfers;
  const Heard heard = ask(transfers, {.url = server.url("/")});
  ASSERT_TRUE(heard.end.error);
  EXPECT_EQ(heard.end.error->code, ErrorCode::Forbidden);
}

TEST(Transfers, LimitsHold) {
  TestServer server([](const std::string& request) {
    if (request.find("/head") != std::string::npos)
      return "HTTP/1.1 200 OK\r\nX: " + std::string(200'000, 'x') + "\r\n\r\n";
    return "HTTP/1.1 200 OK\r\n\r\n" + std::string(200'000, 'x');
  });
  HttpTransfers transfers;
  for (const char* path : {"/head", "/body"}) {
    const Heard heard = ask(transfers, {.url = server.url(path), .bytes_max = 100'000});
    ASSERT_TRUE(heard.end.error) << path;
    EXPECT_EQ(heard.ends, 1);
    EXPECT_LE(heard.body.size(), 100'000u);
  }
}

TEST(Transfers, TasksRunInTheOrderOfTheirTimes) {
  std::string order;  // only the transfers' thread writes it
  std::promise<void> done;
  {
    HttpTransfers transfers;
    transfers.post_after(40ms, [&] {
      order += 'c';
      done.set_value();
    });
    transfers.post_after(10ms, [&] { order += 'b'; });
    transfers.post([&] { order += 'a'; });
    transfers.post_after(1h, [&] { order += 'z'; });
    ASSERT_EQ(done.get_future().wait_for(20s), std::future_status::ready);
  }
  EXPECT_EQ(order, "abcz") << "the last one runs when all ends";
}

TEST(Transfers, BadUrlsAndHeadersAreRefusedBeforeAnythingIsSent) {
  HttpTransfers transfers;
  const Heard file = ask(transfers, {.url = "file:///etc/passwd"});
  EXPECT_EQ(file.end.error->code, ErrorCode::InvalidArgument);
  const Heard user = ask(transfers, {.url = "https://user:pass@localhost/"});
  EXPECT_EQ(user.end.error->code, ErrorCode::InvalidArgument);
  const Heard header =
      ask(transfers, {.url = "http://127.0.0.1:1/", .headers = {"X-Key: a\r\nHost: b"}});
  EXPECT_EQ(header.end.error->code, ErrorCode::InvalidArgument);
  EXPECT_THAT(header.end.error->message, testing::Not(HasSubstr("Host: b")));
}

}  // namespace
}  // namespace croft

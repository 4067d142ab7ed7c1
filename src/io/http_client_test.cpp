// Goal: a download gets the right bytes, or an error that says what went wrong, from servers that
// are broken, hostile or slow; a token never reaches a second host. Method: a socket server on
// 127.0.0.1 with a free port answers with raw bytes; what it was asked is recorded.
#include "io/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "io/test_server.h"

namespace croft {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string answer(std::string_view status, std::string_view headers, std::string_view body) {
  return "HTTP/1.1 " + std::string(status) + "\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + std::string(headers) + "\r\n" + std::string(body);
}

class HttpClient : public testing::Test {
 protected:
  static void SetUpTestSuite() { ::setenv("no_proxy", "*", 1); }

  Result<OutboundResponse> get(const OutboundRequest& request) {
    body_.clear();
    return http_get(request, [&](std::span<const std::byte> bytes) {
      body_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      return true;
    });
  }
  std::string body_;
};

TEST_F(HttpClient, BodyStatusAndHeaders) {
  const TestServer server([](const std::string&) {
    return answer("200 OK", "X-One: 1\r\nx-two: a\r\nX-Two: b\r\n", "hello");
  });
  const auto response = get({.url = server.url("/file"), .headers = {"Accept: text/plain"}});
  ASSERT_TRUE(response) << response.error().to_string();
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->headers.at("x-one"), "1");
  EXPECT_EQ(response->headers.at("x-two"), "a, b");
  EXPECT_EQ(response->final_url, server.url("/file"));
  EXPECT_EQ(response->body_bytes, 5U);
  EXPECT_EQ(body_, "hello");
  EXPECT_THAT(server.requests().front(), HasSubstr("GET /file HTTP/1.1\r\n"));
  EXPECT_THAT(server.requests().front(), HasSubstr("Accept: text/plain\r\n"));
  EXPECT_THAT(server.requests().front(), Not(HasSubstr("Range")));
}

TEST_F(HttpClient, LargeBodyArrivesWhole) {
  const std::string large(3 * limits::MiB + 17, 'x');
  const TestServer server([&](const std::string&) { return answer("200 OK", "", large); });
  ASSERT_TRUE(get({.url = server.url("/")}));
  EXPECT_EQ(body_, large);
}

TEST_F(HttpClient, EveryStatusIsAValueAndItsBodyIsKeptApart) {
  const TestServer server(
      [](const std::string&) { return answer("404 Not Found", "", std::string(10'000, 'n')); });
  const auto response = get({.url = server.url("/")});
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 404);
  EXPECT_EQ(response->error_body, std::string(4096, 'n'));
  EXPECT_EQ(body_, "");
}

TEST_F(HttpClient, ResumeAsksForTheRestAndTellsWhatItGot) {
  const TestServer server([](const std::string& request) {
    if (request.starts_with("GET /whole")) return answer("200 OK", "", "0123456789");
    if (request.starts_with("GET /beyond")) return answer("416 Range Not Satisfiable", "", "");
    if (request.starts_with("GET /wrong")) {
      return answer("206 Partial Content", "Content-Range: bytes 3-9/10\r\n", "3456789");
    }
    if (request.starts_with("GET /silent")) return answer("206 Partial Content", "", "456789");
    return answer("206 Partial Content", "Content-Range: bytes 4-9/10\r\n", "456789");
  });
  int status_seen = 0;
  const auto resume = [&](std::string_view path) {
    OutboundRequest request{.url = server.url(path), .resume_from = 4};
    request.on_response = [&](const OutboundResponse& response) {
      EXPECT_EQ(body_, "");
      status_seen = response.status;
      return true;
    };
    return get(request);
  };
  ASSERT_TRUE(resume("/part"));
  EXPECT_EQ(status_seen, 206);
  EXPECT_EQ(body_, "456789");
  EXPECT_THAT(server.requests().front(), HasSubstr("Range: bytes=4-\r\n"));
  ASSERT_TRUE(resume("/whole"));
  EXPECT_EQ(status_seen, 200);
  EXPECT_EQ(body_, "0123456789");
  EXPECT_EQ(resume("/beyond")->status, 416);
  for (const std::string_view path : {"/wrong", "/silent"}) {
    const auto response = resume(path);
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, ErrorCode::Corrupt);
    EXPECT_EQ(body_, "");
  }
}

TEST_F(HttpClient, RedirectsAreFollowedAndTheirHeadersKept) {
  const TestServer server([](const std::string& request) {
    if (request.starts_with("GET /start")) {
      return answer("302 Found", "Location: /end\r\nX-Linked-Etag: \"abc\"\r\n", "moved");
    }
    return answer("200 OK", "X-End: yes\r\n", "here");
  });
  const auto response = get({.url = server.url("/start"), .bearer_token = "secret"});
  ASSERT_TRUE(response) << response.error().to_string();
  EXPECT_EQ(body_, "here");
  EXPECT_EQ(response->final_url, server.url("/end"));
  ASSERT_EQ(response->redirects.size(), 1U);
  EXPECT_EQ(response->redirects[0].status, 302);
  EXPECT_EQ(response->redirects[0].url, server.url("/start"));
  EXPECT_EQ(response->redirects[0].headers.at("x-linked-etag"), "\"abc\"");
  EXPECT_FALSE(response->headers.contains("x-linked-etag"));
  // The same host gets the token again.
  ASSERT_EQ(server.requests().size(), 2U);
  EXPECT_THAT(server.requests()[1], HasSubstr("Authorization: Bearer secret\r\n"));
}

TEST_F(HttpClient, TokenStaysWithItsHostAlsoWhenARedirectComesBack) {
  std::string other_url;
  const TestServer server([&](const std::string& request) {
    if (request.starts_with("GET /start")) {
      return answer("307 Temporary Redirect", "Location: " + other_url + "\r\n", "");
    }
    return answer("200 OK", "", "done");
  });
  const TestServer other([&](const std::string&) {
    return answer("302 Found", "Location: " + server.url("/back") + "\r\n", "");
  });
  other_url = other.url("/middle");
  ASSERT_TRUE(get({.url = server.url("/start"), .bearer_token = "secret"}));
  EXPECT_EQ(body_, "done");
  EXPECT_THAT(server.requests().at(0), HasSubstr("secret"));
  EXPECT_THAT(other.requests().at(0), Not(HasSubstr("secret")));
  EXPECT_THAT(server.requests().at(1), Not(HasSubstr("secret")));
}

TEST_F(HttpClient, RefusedRedirectIsNotContacted) {
  const TestServer target([](const std::string&) { return answer("200 OK", "", "inside"); });
  const TestServer server([&](const std::string& request) {
    const bool to_file = request.starts_with("GET /file");
    const std::string location = to_file ? "file:///etc/passwd" : target.url("/");
    return answer("302 Found", "Location: " + location + "\r\n", "");
  });
  OutboundRequest request{.url = server.url("/")};
  std::string asked;
  request.allow_redirect = [&](std::string_view url) {
    asked = url;
    return false;
  };
  const auto refused = get(request);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::Forbidden);
  EXPECT_EQ(asked, target.url("/"));
  EXPECT_TRUE(target.requests().empty());
  const auto file = get({.url = server.url("/file")});
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, ErrorCode::Forbidden);
}

TEST_F(HttpClient, EndlessRedirectsEnd) {
  const TestServer server(
      [](const std::string&) { return answer("302 Found", "Location: /again\r\n", ""); });
  const auto response = get({.url = server.url("/?signature=secret"), .redirects_max = 3});
  ASSERT_FALSE(response);
  EXPECT_THAT(response.error().message, Not(HasSubstr("secret")));  // a query may grant access
  EXPECT_EQ(response.error().code, ErrorCode::Io);
  EXPECT_EQ(server.requests().size(), 4U);
}

TEST_F(HttpClient, TooLongABodyIsRefusedAnnouncedOrNot) {
  const TestServer server([](const std::string& request) {
    if (request.starts_with("GET /announced")) return answer("200 OK", "", "0123456789");
    return std::string("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n0123456789");
  });
  for (const std::string_view path : {"/announced", "/silent"}) {
    const auto response = get({.url = server.url(path), .bytes_max = 9});
    ASSERT_FALSE(response) << path;
    EXPECT_EQ(response.error().code, ErrorCode::TooLarge);
    EXPECT_LE(body_.size(), 9U);
    ASSERT_TRUE(get({.url = server.url(path), .bytes_max = 10}));
    EXPECT_EQ(body_, "0123456789");
  }
}

TEST_F(HttpClient, BrokenAnswersAreErrors) {
  struct Case {
    std::string_view what;
    std::string raw;
    ErrorCode code;
  };
  const std::vector<Case> cases = {
      {"nothing", "", ErrorCode::Io},
      {"no HTTP", "hello\r\n\r\n", ErrorCode::Io},
      {"body cut short", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234", ErrorCode::Io},
      {"headers without end",
       "HTTP/1.1 200 OK\r\n" +
           [] {
             std::string lines;
             for (int i = 0; i < 2000; ++i)
               lines += "X-" + std::to_string(i) + ": " + std::string(60, 'h') + "\r\n";
             return lines;
           }() +
           "\r\n",
       ErrorCode::TooLarge},
  };
  for (const Case& c : cases) {
    const TestServer server([&](const std::string&) { return c.raw; });
    const auto response = get({.url = server.url("/")});
    ASSERT_FALSE(response) << c.what;
    EXPECT_EQ(response.error().code, c.code) << c.what << ": " << response.error().to_string();
    EXPECT_NE(response.error().message, "") << c.what;
  }
}

TEST_F(HttpClient, BadRequestsAreRefusedBeforeAnyConnection) {
  const TestServer server([](const std::string&) { return answer("200 OK", "", ""); });
  const std::vector<OutboundRequest> requests = {
      {.url = ""},
      {.url = "no url"},
      {.url = "file:///etc/passwd"},
      {.url = "ftp://127.0.0.1/"},
      {.url = "http://user:password@127.0.0.1/"},
      {.url = server.url("/"), .headers = {"X-A: b\r\nX-Injected: c"}},
      {.url = server.url("/"), .headers = {"no colon"}},
      {.url = server.url("/"), .headers = {"authorization: Bearer x"}},
      {.url = server.url("/"), .headers = {"Cookie: a=b"}},
      {.url = server.url("/"), .bearer_token = "token\n"},
  };
  for (const OutboundRequest& request : requests) {
    const auto response = get(request);
    ASSERT_FALSE(response) << request.url;
    EXPECT_EQ(response.error().code, ErrorCode::InvalidArgument) << response.error().to_string();
    EXPECT_THAT(response.error().message, Not(HasSubstr("password@")));
  }
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(HttpClient, SilentServerTimesOutAndStopEndsTheWait) {
  std::stop_source release;
  const TestServer server([&](const std::string&) {
    while (!release.stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return std::string();
  });
  const auto slow = get({.url = server.url("/"), .stall_timeout = std::chrono::seconds(1)});
  std::stop_source stop;
  std::jthread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    stop.request_stop();
  });
  const auto stopped = get({.url = server.url("/"), .stop = stop.get_token()});
  release.request_stop();
  ASSERT_FALSE(slow);
  EXPECT_EQ(slow.error().code, ErrorCode::Timeout);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::Cancelled);
}

TEST_F(HttpClient, SinkAndResponseCallbackCanGiveUpOrThrow) {
  const TestServer server([](const std::string&) { return answer("200 OK", "", "hello"); });
  const auto by_sink = http_get({.url = server.url("/")}, [](auto) { return false; });
  ASSERT_FALSE(by_sink);
  EXPECT_EQ(by_sink.error().code, ErrorCode::Cancelled);
  OutboundRequest request{.url = server.url("/")};
  request.on_response = [](const OutboundResponse&) { return false; };
  const auto by_response = get(request);
  ASSERT_FALSE(by_response);
  EXPECT_EQ(by_response.error().code, ErrorCode::Cancelled);
  EXPECT_EQ(body_, "");
  // An exception of the caller's comes back to the caller, through a C library, without harm.
  const HttpSink thrower = [](auto) -> bool { throw std::runtime_error("mine"); };
  EXPECT_THROW(static_cast<void>(http_get({.url = server.url("/")}, thrower)), std::runtime_error);
}

TEST_F(HttpClient, NothingListens) {
  std::string url;
  {
    const TestServer server([](const std::string&) { return std::string(); });
    url = server.url("/");
  }
  const auto response = get({.url = url});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::Io);
  EXPECT_NE(response.error().hint, "");
}

}  // namespace
}  // namespace croft

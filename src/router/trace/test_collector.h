#pragma once
/// For tests of src/router/trace only: an OpenTelemetry collector on 127.0.0.1 that reads whole
/// requests and answers as it is told. (io/test_server.h hands out heads; here bodies matter.)

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/json.h"

namespace croft {

class TestCollector {
 public:
  struct Request {
    std::string head;
    std::string body;
  };
  /// From how many requests came before to the raw bytes of the response.
  using Handler = std::function<std::string(std::size_t before)>;

  static std::string answer(int status, std::string_view body = "{}",
                            std::string_view header = "") {
    std::string text = "HTTP/1.1 " + std::to_string(status) + " X\r\nConnection: close\r\n";
    text += header;
    return text + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
  }

  /// `port` 0: any.
  explicit TestCollector(Handler handler, std::uint16_t port = 0) : handler_(std::move(handler)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 8) != 0 ||
        ::getsockname(listener_, generic, &size) != 0)
      throw std::runtime_error("cannot listen on 127.0.0.1");
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  TestCollector(const TestCollector&) = delete;
  TestCollector& operator=(const TestCollector&) = delete;
  ~TestCollector() {
    ::shutdown(listener_, SHUT_RDWR);  // wakes accept
    thread_.join();
    ::close(listener_);
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string url(std::string_view path = "/v1/traces") const {
    return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
  }
  [[nodiscard]] std::vector<Request> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  /// The names of the spans in one body, in order; throws where it is no OTLP.
  static std::vector<std::string> span_names(const std::string& body) {
    std::vector<std::string> names;
    const json::value value = json::parse(body);
    for (const json::value& span :
         value.at("resourceSpans").at(0).at("scopeSpans").at(0).at("spans").as_array())
      names.emplace_back(span.at("name").as_string());
    return names;
  }

 private:
  void serve() {
    while (true) {
      const int connection = ::accept(listener_, nullptr, nullptr);
      if (connection < 0) return;
      const Request request = read(connection);
      std::size_t before = 0;
      {
        const std::lock_guard lock(mutex_);
        before = requests_.size();
        requests_.push_back(request);
      }
      const std::string response = handler_(before);
      std::string_view rest = response;
      while (!rest.empty()) {
        const ssize_t count = ::send(connection, rest.data(), rest.size(), MSG_NOSIGNAL);
        if (count <= 0) break;
        rest.remove_prefix(static_cast<std::size_t>(count));
      }
      ::close(connection);
    }
  }

  static Request read(int connection) {
    std::string text;
    std::array<char, 16384> buffer{};
    std::size_t wanted = 0;
    std::size_t head = std::string::npos;
    while (head == std::string::npos || text.size() < wanted) {
      const ssize_t count = ::recv(connection, buffer.data(), buffer.size(), 0);
      if (count <= 0) break;
      text.append(buffer.data(), static_cast<std::size_t>(count));
      if (head != std::string::npos) continue;
      head = text.find("\r\n\r\n");
      const std::size_t length = text.find("Content-Length: ");
      if (head == std::string::npos || length == std::string::npos) continue;
      wanted = head + 4 + std::strtoul(text.c_str() + length + 16, nullptr, 10);
    }
    if (head == std::string::npos) return {text, ""};
    return {text.substr(0, head), text.substr(head + 4)};
  }

  Handler handler_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::vector<Request> requests_;
  std::thread thread_;
};

}  // namespace croft

// Goal: an air-gapped process can make no connection, by no system call and in no thread, and goes
// on serving those who connect to it. Method: children of fork(), which enter and then try each
// way; a parent that connects to them.
#include "io/air_gap.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <functional>
#include <thread>

#include "io/http_client.h"
#include "io/http_transfers.h"
#include "io/system_call_filter.h"

namespace croft {
namespace {

using ::testing::HasSubstr;

constexpr int child_unsupported = 77;

/// Runs `work` in a child; what it returns, empty when all was well, is compared here.
std::string in_child(const std::function<std::string()>& work) {
  std::array<int, 2> pipe{};
  if (::pipe(pipe.data()) != 0) return "no pipe";
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string said = work();
    const ssize_t written = ::write(pipe[1], said.data(), said.size());
    ::_exit(written == static_cast<ssize_t>(said.size()) ? 0 : 1);
  }
  ::close(pipe[1]);
  std::string said;
  std::array<char, 4096> buffer{};
  ssize_t count = 0;
  while ((count = ::read(pipe[0], buffer.data(), buffer.size())) > 0)
    said.append(buffer.data(), static_cast<std::size_t>(count));
  ::close(pipe[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status != 0) said += " (ended with " + std::to_string(status) + ")";
  return said;
}

struct Listener {
  int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  Listener() {
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(socket, as_address(), size), 0);
    EXPECT_EQ(::listen(socket, 8), 0);
    EXPECT_EQ(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size), 0);
  }
  ~Listener() { ::close(socket); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  [[nodiscard]] const sockaddr* as_address() const {
    return reinterpret_cast<const sockaddr*>(&address);
  }
};

/// "" where the call fails with `wanted`, else what it did.
std::string fails_with(int wanted, const char* what, long outcome) {
  const int problem = errno;
  if (outcome >= 0) return std::string(what) + " succeeded; ";
  if (problem != wanted) return std::string(what) + ": " + std::strerror(problem) + "; ";
  return {};
}

/// Every way out, with sockets that were made before as well as new ones.
std::string try_all_ways(int made_before, const Listener& there) {
  std::string said;
  const auto refused = [&](const char* what, long outcome) {
    said += fails_with(EACCES, what, outcome);
  };
  refused("TCP over IPv4", ::socket(AF_INET, SOCK_STREAM, 0));
  refused("TCP over IPv6", ::socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  refused("UDP", ::socket(AF_INET, SOCK_DGRAM, 0));
  refused("raw", ::socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
  refused("packet", ::socket(AF_PACKET, SOCK_RAW, 0));
  refused("netlink", ::socket(AF_NETLINK, SOCK_RAW, 0));
  refused("vsock", ::socket(AF_VSOCK, SOCK_STREAM, 0));
  refused("connect", ::connect(made_before, there.as_address(), sizeof there.address));
  refused("fast open",
          ::sendto(made_before, "x", 1, MSG_FASTOPEN, there.as_address(), sizeof there.address));
  iovec part{const_cast<char*>("x"), 1};
  msghdr message{};
  message.msg_name = const_cast<sockaddr*>(there.as_address());
  message.msg_namelen = sizeof there.address;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  refused("fast open, sendmsg", ::sendmsg(made_before, &message, MSG_FASTOPEN));
  mmsghdr many{.msg_hdr = message, .msg_len = 0};
  refused("fast open, sendmmsg", ::sendmmsg(made_before, &many, 1, MSG_FASTOPEN));
  for (const long call : {425L, 426L, 427L})
    said += fails_with(EPERM, "io_uring", ::syscall(call, 0, nullptr, 0, 0, nullptr, 0));
  said += fails_with(EPERM, "pidfd_getfd", ::syscall(438, -1, 0, 0));
#if defined(__x86_64__)
  said += fails_with(EPERM, "x32 socket", ::syscall(0x40000000 + SYS_socket, AF_INET, 1, 0));
#endif
  return said;
}

/// Some sandboxes let no filter be set: said, not passed over in silence.
bool filter_is_possible() {
  return in_child([] {
           const auto set = forbid_connections({});
           return set ? std::string() : set.error().message;
         })
      .empty();
}

#define SKIP_WITHOUT_FILTER() \
  if (!filter_is_possible()) GTEST_SKIP() << "this system lets no filter be set"

TEST(AirGapTest, A7_NoSystemCallConnects) {
  SKIP_WITHOUT_FILTER();
  const Listener there;
  const int made_before = ::socket(AF_INET, SOCK_STREAM, 0);
  EXPECT_EQ(in_child([&] {
              if (!enter_air_gap({})) return std::string("not entered");
              return try_all_ways(made_before, there);
            }),
            "");
  EXPECT_EQ(::connect(made_before, there.as_address(), sizeof there.address), 0)
      << "the parent is not concerned, and the ways are ways";
  ::close(made_before);
}

#if defined(__x86_64__)
TEST(AirGapTest, TheEntryOfThe32BitWorldIsClosed) {
  SKIP_WITHOUT_FILTER();
  const pid_t child = ::fork();
  if (child == 0) {
    if (!enter_air_gap({})) ::_exit(child_unsupported);
    long outcome = 359;  // socket() there
    asm volatile("int $0x80"
                 : "+a"(outcome)
                 : "b"(AF_INET), "c"(SOCK_STREAM), "d"(0)
                 : "memory", "r8", "r9", "r10", "r11");
    ::_exit(static_cast<int>(outcome) == -EPERM ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  const bool no_such_entry = WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
  EXPECT_TRUE(status == 0 || no_such_entry) << status;
}
#endif

TEST(AirGapTest, ThreadsThatWereThereBeforeAreHeldToo) {
  SKIP_WITHOUT_FILTER();
  const Listener there;
  EXPECT_EQ(in_child([&]() -> std::string {
              std::atomic<bool> entered{false};
              std::string said = "did not run";
              std::thread before([&] {
                const int made_before = ::socket(AF_INET, SOCK_STREAM, 0);
                while (!entered) std::this_thread::yield();
                said = try_all_ways(made_before, there);
              });
              const bool done = enter_air_gap({}).has_value();
              entered = true;
              before.join();
              return done ? said : "not entered";
            }),
            "");
}

TEST(AirGapTest, AListenerIsMadeThenSealedAndGoesOnServing) {
  SKIP_WITHOUT_FILTER();
  Listener placeholder;  // its port tells the parent nothing: the child makes its own, in the gap
  std::array<int, 2> ports{};
  ASSERT_EQ(::pipe(ports.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    if (!enter_air_gap({.use = AirGapUse::Listening})) ::_exit(child_unsupported);
    if (::socket(AF_INET, SOCK_DGRAM, 0) >= 0) ::_exit(2);  // only what one can listen on
    const Listener mine;
    const int other = ::socket(AF_INET6, SOCK_STREAM, 0);
    if (other < 0) ::_exit(3);
    if (::connect(other, placeholder.as_address(), sizeof placeholder.address) == 0 ||
        errno != EACCES)
      ::_exit(4);  // connect() is refused from the first moment
    if (!seal_air_gap()) ::_exit(5);
    if (!try_all_ways(other, placeholder).empty()) ::_exit(6);
    if (::write(ports[1], &mine.address, sizeof mine.address) < 0) ::_exit(7);
    for (int i = 0; i < 3; ++i) {
      const int guest = ::accept4(mine.socket, nullptr, nullptr, SOCK_CLOEXEC);
      char byte = 0;
      if (guest < 0 || ::recv(guest, &byte, 1, 0) != 1 || ::send(guest, &byte, 1, 0) != 1)
        ::_exit(8);
      ::close(guest);
    }
    ::_exit(0);
  }
  sockaddr_in address{};
  ASSERT_EQ(::read(ports[0], &address, sizeof address), static_cast<ssize_t>(sizeof address));
  for (const char byte : {'a', 'b', 'c'}) {
    const int guest = ::socket(AF_INET, SOCK_STREAM, 0);
    ASSERT_EQ(::connect(guest, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::send(guest, &byte, 1, 0), 1);
    char back = 0;
    EXPECT_EQ(::recv(guest, &back, 1, 0), 1);
    EXPECT_EQ(back, byte);
    ::close(guest);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  ::close(ports[0]);
  ::close(ports[1]);
}

TEST(AirGapTest, UnixSocketsConnectOnlyWhereThatIsAskedFor) {
  SKIP_WITHOUT_FILTER();
  for (const bool allowed : {false, true}) {
    EXPECT_EQ(in_child([&]() -> std::string {
                if (!enter_air_gap({.unix_connect = allowed})) return "not entered";
                std::array<int, 2> pair{};
                if (::socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data()) != 0) return "no pair";
                const int local = ::socket(AF_UNIX, SOCK_STREAM, 0);
                if (local < 0) return "no UNIX socket";
                sockaddr_un address{};
                address.sun_family = AF_UNIX;
                std::strcpy(address.sun_path, "/nonexistent/socket");
                return fails_with(
                    allowed ? ENOENT : EACCES, "connect",
                    ::connect(local, reinterpret_cast<sockaddr*>(&address), sizeof address));
              }),
              "");
  }
}

TEST(AirGapTest, OutboundHttpSaysWhatItWasAboutToDo) {
  SKIP_WITHOUT_FILTER();
  EXPECT_FALSE(air_gapped());
  const std::string said = in_child([]() -> std::string {
    if (!enter_air_gap({})) return "not entered";
    const auto answer = http_get({.url = "http://127.0.0.1:9/x"}, [](auto) { return true; });
    if (answer) return "it was asked";
    return std::string(traits(answer.error().code).name) + ": " + answer.error().to_string();
  });
  EXPECT_THAT(said, HasSubstr("forbidden: cannot ask \"http://127.0.0.1:9/x\""));
  EXPECT_THAT(said, HasSubstr("air-gapped"));
  EXPECT_THAT(said, HasSubstr("CROFT_AIR_GAPPED"));
}

TEST(AirGapTest, TransfersAreRefusedAndHearWhy) {
  SKIP_WITHOUT_FILTER();
  struct Listening : TransferListener {
    void on_head(int, const HttpHeaders&) override {}
    void on_body(std::string_view) override {}
    void on_end(const TransferEnd& end) override {
      said = end.error ? end.error->message : "no error";
      if (end.reached) said += ", but it was reached";
      over = true;
    }
    std::string said;
    std::atomic<bool> over{false};
  };
  const Listener there;
  const std::string url = "http://127.0.0.1:" + std::to_string(::ntohs(there.address.sin_port));
  const std::string said = in_child([&]() -> std::string {
    if (!enter_air_gap({})) return "not entered";
    HttpTransfers transfers;
    const auto listener = std::make_shared<Listening>();
    transfers.start({.url = url}, listener);
    while (!listener->over) std::this_thread::yield();
    return listener->said;
  });
  EXPECT_THAT(said, HasSubstr("cannot ask \"" + url));
  EXPECT_THAT(said, HasSubstr("air-gapped"));
}

}  // namespace
}  // namespace croft

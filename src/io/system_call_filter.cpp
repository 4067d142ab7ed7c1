#include "io/system_call_filter.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <vector>

namespace croft {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t this_machine = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t this_machine = AUDIT_ARCH_AARCH64;
#else
#error "which system calls make sockets here?"
#endif
// An int is the low half of an argument, and the low half comes first.
static_assert(std::endian::native == std::endian::little);

// Newer than some kernels' headers; the numbers are the same on both machines.
constexpr std::uint32_t call_pidfd_getfd = 438;
constexpr std::uint32_t call_io_uring_setup = 425;
constexpr std::uint32_t call_io_uring_register = 427;
// Numbers from here on are x32's, which the machine's name does not tell apart.
constexpr std::uint32_t foreign_calls = 0x40000000;
// The kernel masks flags such as SOCK_CLOEXEC off the type with this.
constexpr std::uint32_t socket_type_mask = 0xF;

constexpr std::uint32_t allow = SECCOMP_RET_ALLOW;
constexpr std::uint32_t refuse = SECCOMP_RET_ERRNO | EACCES;
constexpr std::uint32_t forbid = SECCOMP_RET_ERRNO | EPERM;

constexpr std::uint32_t argument(std::size_t index) {
  return static_cast<std::uint32_t>(offsetof(seccomp_data, args) + index * sizeof(std::uint64_t));
}

/// A program for the kernel's packet filter. Every jump is over the next few instructions.
class Program {
 public:
  void load(std::uint32_t offset) { add(BPF_LD | BPF_W | BPF_ABS, 0, 0, offset); }
  void keep_bits(std::uint32_t mask) { add(BPF_ALU | BPF_AND | BPF_K, 0, 0, mask); }
  void end(std::uint32_t verdict) { add(BPF_RET | BPF_K, 0, 0, verdict); }
  /// Ends with `verdict` where the loaded value is `value`.
  void end_if(std::uint32_t value, std::uint32_t verdict) {
    add(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, value);
    end(verdict);
  }
  void end_unless(std::uint32_t value, std::uint32_t verdict) {
    add(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, value);
    end(verdict);
  }
  void end_from(std::uint32_t value, std::uint32_t verdict) {
    add(BPF_JMP | BPF_JGE | BPF_K, 0, 1, value);
    end(verdict);
  }
  void end_if_any_bit(std::uint32_t mask, std::uint32_t verdict) {
    add(BPF_JMP | BPF_JSET | BPF_K, 0, 1, mask);
    end(verdict);
  }
  /// Runs `body`, which must end the program, where the loaded value is one of `calls`.
  void on_calls(std::initializer_list<std::uint32_t> calls, const Program& body) {
    for (const std::uint32_t call : calls) {
      add(BPF_JMP | BPF_JEQ | BPF_K, 0, static_cast<std::uint8_t>(body.code_.size()), call);
      code_.insert(code_.end(), body.code_.begin(), body.code_.end());
    }
  }
  [[nodiscard]] std::vector<sock_filter>& code() { return code_; }

 private:
  void add(int operation, std::uint8_t if_true, std::uint8_t if_false, std::uint32_t value) {
    code_.push_back({static_cast<std::uint16_t>(operation), if_true, if_false, value});
  }
  std::vector<sock_filter> code_;
};

Program socket_rules(bool tcp_sockets) {
  Program rules;
  rules.load(argument(0));
  rules.end_if(AF_UNIX, allow);
  if (tcp_sockets) {
    for (const unsigned family : {unsigned{AF_INET}, unsigned{AF_INET6}}) {
      Program tcp;
      tcp.load(argument(1));
      tcp.keep_bits(socket_type_mask);
      tcp.end_if(SOCK_STREAM, allow);
      tcp.end(refuse);
      rules.on_calls({family}, tcp);
    }
  }
  rules.end(refuse);
  return rules;
}

/// TCP fast open connects within a send.
Program send_rules(std::size_t flags) {
  Program rules;
  rules.load(argument(flags));
  rules.end_if_any_bit(MSG_FASTOPEN, refuse);
  rules.end(allow);
  return rules;
}

Program network_program(const NetworkPermissions& permissions) {
  Program program;
  program.load(offsetof(seccomp_data, arch));
  program.end_unless(this_machine, forbid);
  program.load(offsetof(seccomp_data, nr));
#if defined(__x86_64__)
  program.end_from(foreign_calls, forbid);
#endif
  for (std::uint32_t call = call_io_uring_setup; call <= call_io_uring_register; ++call)
    program.end_if(call, forbid);
  program.end_if(call_pidfd_getfd, forbid);
  if (!permissions.unix_connect) program.end_if(SYS_connect, refuse);
  program.on_calls({SYS_socket}, socket_rules(permissions.tcp_sockets));
  program.on_calls({SYS_socketpair}, socket_rules(false));
  program.on_calls({SYS_sendto, SYS_sendmmsg}, send_rules(3));
  program.on_calls({SYS_sendmsg}, send_rules(2));
  program.end(allow);
  return program;
}

}  // namespace

Result<void> forbid_connections(const NetworkPermissions& permissions) {
  Program program = network_program(permissions);
  const sock_fprog filter{.len = static_cast<unsigned short>(program.code().size()),
                          .filter = program.code().data()};
  const auto refused = [](const std::string& why) {
    return fail(ErrorCode::Unsupported,
                "this system lets no filter of system calls be set (" + why +
                    "), without which nobody could promise that nothing connects",
                "Run it in a network namespace without a route instead: unshare -rn croft ...");
  };
  // The kernel wants it of those who are not root: no program started from here gains rights.
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return refused(std::strerror(errno));
  const long outcome =
      ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter);
  if (outcome > 0) return refused("thread " + std::to_string(outcome) + " has another one");
  if (outcome != 0) return refused(std::strerror(errno));
  return {};
}

}  // namespace croft

#pragma once
/// A seccomp filter that takes the means of connecting anywhere from this process: what no code in
/// it, a library's included, can get around. Linux on x86-64 and 64-bit ARM.

#include "base/error.h"

namespace croft {

struct NetworkPermissions {
  /// TCP sockets may still be made: a server needs one to listen on.
  bool tcp_sockets = false;
  /// connect() stays allowed, as a database behind a UNIX socket needs it. The filter cannot see
  /// what is connected; it is that no socket but a UNIX one can be made.
  bool unix_connect = false;
};

/// For every thread of this process and all its children, for ever: socket() makes nothing but UNIX
/// sockets, connect() and TCP fast open are refused (EACCES), and so are io_uring, taking sockets
/// out of other processes and system calls of a foreign kind (EPERM). Sockets that are there go on:
/// a listening one accepts, an accepted one sends and receives. Called again it can only take more
/// away. Errors: Unsupported (the kernel has no such filter, or forbids it).
Result<void> forbid_connections(const NetworkPermissions& permissions);

}  // namespace croft

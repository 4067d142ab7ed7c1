#pragma once
/// How many files and sockets this process may have open.

#include <cstddef>

namespace croft {

/// Raises the soft limit of open files to the hard one and returns what holds now. The usual soft
/// limit, 1024, is kept low for programs that call select(), which this one never does. Affects the
/// whole process. Never fails: what cannot be raised stays.
std::size_t raise_open_files_limit();

}  // namespace croft

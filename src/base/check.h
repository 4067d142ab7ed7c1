#pragma once
/// CHECK is for our own bugs only: nothing a user can send may reach one. It stays in release
/// builds.

namespace croft {
[[noreturn]] void check_failed(const char* expression, const char* file, int line);
}  // namespace croft

#define CHECK(condition)                                     \
  do {                                                       \
    if (!(condition)) [[unlikely]]                           \
      ::croft::check_failed(#condition, __FILE__, __LINE__); \
  } while (false)

#ifdef NDEBUG
#define DCHECK(condition) \
  do {                    \
  } while (false)
#else
#define DCHECK(condition) CHECK(condition)
#endif

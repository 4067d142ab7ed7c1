# One place for warnings, hardening and sanitizers. `croft_flags` is linked by every target of ours.
add_library(croft_flags INTERFACE)
target_compile_options(croft_flags INTERFACE -Wall -Wextra -Wconversion -Wshadow -Werror)
target_include_directories(croft_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # `"text" + std::string` with -O3 warns of an impossible overlap (GCC bug 105651, fixed in 13).
  target_compile_options(croft_flags INTERFACE -Wno-restrict)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # The TRY macro is a statement expression; -Wthread-safety makes GUARDED_BY an error where it lies.
  target_compile_options(croft_flags INTERFACE -Wthread-safety -Wno-gnu-statement-expression)
endif()

if(CMAKE_BUILD_TYPE STREQUAL "Release" OR CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  # Checks of ours never live in assert (threats.md): NDEBUG changes nothing that matters.
  target_compile_options(croft_flags INTERFACE -fstack-protector-strong)
  # Control flow that returns and jumps only where it may, by each processor's own means.
  if(CMAKE_SYSTEM_PROCESSOR STREQUAL "aarch64")
    target_compile_options(croft_flags INTERFACE -mbranch-protection=standard)
  else()
    target_compile_options(croft_flags INTERFACE -fcf-protection)
  endif()
  if(NOT CROFT_SANITIZE) # ASan replaces the functions that fortify checks
    target_compile_definitions(croft_flags INTERFACE _FORTIFY_SOURCE=2)
  endif()
  target_link_options(croft_flags INTERFACE -Wl,-z,relro,-z,now -Wl,--as-needed)
endif()

if(CROFT_SANITIZE)
  target_compile_options(croft_flags INTERFACE -fsanitize=${CROFT_SANITIZE} -fno-sanitize-recover=all
                         -fno-omit-frame-pointer)
  target_link_options(croft_flags INTERFACE -fsanitize=${CROFT_SANITIZE})
  target_compile_definitions(croft_flags INTERFACE _GLIBCXX_ASSERTIONS)
endif()
if(CROFT_FUZZ)
  target_compile_options(croft_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Debug")
  target_compile_definitions(croft_flags INTERFACE _GLIBCXX_ASSERTIONS)
endif()

#pragma once
/// Whole input files of the bench, plain or gzip. zlib lives in read_input.cpp only.

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/limits.h"

namespace croft {

/// Of one file, unpacked: a recording of 1,000 long answers has about 5 MiB.
inline constexpr std::size_t bench_input_bytes_max = 512 * limits::MiB;

/// The file's bytes; those of a gzip file (by its first two bytes) unpacked, several members after
/// each other. Errors: NotFound; Io; Corrupt (gzip data that end early or are damaged); TooLarge.
Result<std::string> read_input(const std::filesystem::path& path);

/// The same of bytes in memory. Errors: as above.
Result<std::string> gunzip(std::string_view bytes, std::string_view what);

/// Files of a folder whose names end so, by name; none where the folder does not exist.
/// Errors: Io.
Result<std::vector<std::filesystem::path>> input_files(const std::filesystem::path& folder,
                                                       std::string_view ending);

}  // namespace croft

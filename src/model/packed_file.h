#pragma once
/// The stored packed form: a GGUF file whose matrices already lie as products read them, so that a
/// start maps it and is ready. Source: docs/formats/packed.md.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/thread_pool.h"
#include "io/gguf.h"
#include "model/weight_packing.h"

namespace croft {

/// Hexadecimal digits of the header's digest.
inline constexpr std::size_t packed_digest_digits = 16;
/// Says what kernels/packed_layout.h says: any change of that layout is a new number here.
inline constexpr std::uint32_t packed_layout_version = 1;
/// Tensors of a packed file begin at multiples of this: on cache lines.
inline constexpr std::uint32_t packed_alignment = 64;

namespace packed_keys {
inline constexpr std::string_view prefix = "croft.packed.";
inline constexpr std::string_view layout = "croft.packed.layout";
inline constexpr std::string_view tensors = "croft.packed.tensors";
inline constexpr std::string_view digests = "croft.packed.digests";
inline constexpr std::string_view source_sha256 = "croft.packed.source_sha256";
inline constexpr std::string_view header_digest = "croft.packed.header_digest";
}  // namespace packed_keys

/// What the metadata of a packed file say.
struct PackedForm {
  std::vector<std::string_view> tensors;  ///< the packed ones, in file order; views into the file
  std::vector<std::uint64_t> digests;     ///< of every tensor, in file order
};

/// Whether the file has any key of the packed form. If so it must pass the checks below.
[[nodiscard]] bool has_packed_keys(const GgufFile& file);

/// Reads and checks everything but the tensors' bytes; nullopt for a file as converters make it.
/// `bytes` is the whole file that `file` was parsed from. Errors: Unsupported (another layout
/// version); Corrupt (field or tensor named, or the header's digest does not match).
Result<std::optional<PackedForm>> read_packed_form(const GgufFile& file,
                                                   std::span<const std::byte> bytes);

/// Checks the digest of every tensor, which also brings the file into memory. Errors: Corrupt
/// (tensor named).
Result<void> check_packed_tensors(const GgufFile& file, const PackedForm& form, ThreadPool& pool);

/// The digest of all bytes before the first tensor's data but the 16 hexadecimal digits that hold
/// it: `digits_at` is where they begin.
[[nodiscard]] std::string packed_header_digest(std::span<const std::byte> header,
                                               std::size_t digits_at);

struct PackOptions {
  std::size_t threads = 0;         ///< 0: one per available CPU
  bool overwrite = false;          ///< replace what is at the target
  std::string source_sha256 = {};  ///< to record; empty: not recorded
  PackProgress on_progress = nullptr;
  std::stop_token stop = {};
};

struct PackedFile {
  std::uint64_t bytes = 0;
  std::size_t tensors_count = 0;
  std::size_t tensors_packed_count = 0;
};

/// Writes the packed form of the GGUF file `source` to `target`, whole or not at all.
///
/// Memory: the largest tensor, packed, and the metadata a few times.
/// Errors: those of Model::load but for the tokenizer, which is not read; Unsupported (a folder, or
/// nothing in it has a packed layout); InvalidArgument (packed already; the target is there, or is
/// the source); TooLarge (no memory: nothing is written); Cancelled; Io.
Result<PackedFile> pack_model_file(const std::filesystem::path& source,
                                   const std::filesystem::path& target,
                                   const PackOptions& options = {});

/// "NAME.croft.gguf" beside "NAME.gguf".
[[nodiscard]] std::filesystem::path packed_file_path(const std::filesystem::path& source);

}  // namespace croft

#pragma once
/// Keys and values of a fixed beginning in a file: a server that starts has read its system prompt
/// already.
///
/// Layout, little-endian: "CROFTPFX", a u32 with the version, a u32 with the bytes of the JSON
/// header, the header, then at the next multiple of 64 the token ids as i32, and at the next the
/// pages: for each 64 positions all layers, as KvLayout stores them. The header says what the pages
/// must fit and has the XXH3 of all that follows it.
///
/// Such a file comes from outside like any other. Shapes, ids, the digest and the bounds that
/// attention needs are checked for every byte, and the first page is computed again and compared:
/// keys of another model, or of a version that computes otherwise, never answer for this one.

#include <cstddef>
#include <filesystem>
#include <span>
#include <vector>

#include "base/cpu.h"
#include "base/error.h"
#include "base/tensor_type.h"
#include "base/thread_pool.h"
#include "io/mapped_file.h"
#include "model/kv_pool.h"
#include "model/model.h"

namespace croft {

/// A file that was read and checked, but for the comparison with the model.
struct PrefixView {
  std::vector<TokenId> tokens;       ///< a whole number of pages
  std::span<const std::byte> pages;  ///< of the file
};

/// Checks everything that needs no computing. Errors: Corrupt (what and where); Unsupported
/// (another model's shapes, another cache type).
Result<PrefixView> parse_prefix(std::span<const std::byte> file, const ModelConfig& config,
                                TensorType kv_type);

/// Computes keys and values of `tokens`, cut to whole pages, and writes them to `path`. Returns the
/// tokens written. Errors: InvalidArgument (less than a page, or longer than the model can read in
/// one regime of rope); Unsupported (an encoder); Io.
Result<std::size_t> save_prefix(const Model& model, std::span<const TokenId> tokens,
                                TensorType kv_type, const std::filesystem::path& path, Isa isa,
                                ThreadPool& pool);

/// How many pages the file will take. Errors: as parse_prefix, NotFound, Io.
class PrefixFile {
 public:
  static Result<PrefixFile> open(const std::filesystem::path& path, const Model& model,
                                 TensorType kv_type);

  [[nodiscard]] std::span<const TokenId> tokens() const { return view_.tokens; }
  [[nodiscard]] std::size_t page_count() const;
  /// Copies the pages into `table` and compares the first with what the model computes. Requires:
  /// the table is empty, its pool has page_count() free pages. Errors: Unsupported (made with
  /// another model, or by a version that computes otherwise).
  Result<void> load(const Model& model, KvPool& kv, KvTable& table, Isa isa,
                    ThreadPool& pool) const;

 private:
  std::filesystem::path path_;
  MappedFile file_;
  PrefixView view_;
};

}  // namespace croft

// Makes the stored packed form out of a GGUF file.
#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "io/digest.h"
#include "io/gguf_writer.h"
#include "model/model_files.h"
#include "model/packed_file.h"
#include "model/tensor_names.h"

namespace croft {
namespace {

namespace fs = std::filesystem;

/// Matrices to pack by where their bytes begin: a tensor, or a part of a fused one.
using MatrixIndex = std::map<const std::byte*, const PackedMatrix*>;

MatrixIndex index_of(ModelWeights& weights) {
  MatrixIndex index;
  for (const PackedMatrix* matrix : matrices_to_pack(weights))
    index.emplace(matrix->bytes().data(), matrix);
  return index;
}

bool is_packed(const GgufTensor& tensor, const MatrixIndex& index) {
  const auto first = index.lower_bound(tensor.bytes.data());
  return first != index.end() && first->first < tensor.bytes.data() + tensor.bytes.size();
}

/// Memory for the largest tensor that is packed.
Result<AnonymousMemory> create_scratch(const GgufFile& file, const MatrixIndex& index) {
  std::size_t size = 0;
  for (const GgufTensor& tensor : file.tensors)
    if (is_packed(tensor, index)) size = std::max(size, tensor.bytes.size());
  return AnonymousMemory::create(size, "the packed weights");
}

Result<void> check_target(const fs::path& source, const fs::path& target, bool overwrite) {
  std::error_code ec;
  if (!fs::exists(target, ec)) return {};
  if (fs::equivalent(source, target, ec))
    return fail(ErrorCode::InvalidArgument,
                target.string() + " is the file that is to be packed itself",
                "Give another name for the packed file; a later version of Croft may need the "
                "original.");
  if (overwrite) return {};
  return fail(ErrorCode::InvalidArgument, target.string() + " is there already",
              "Add --force to replace it, or give another name.");
}

Result<GgufModelFile> open_source(const fs::path& source) {
  std::error_code ec;
  if (fs::is_directory(source, ec))
    return fail(ErrorCode::Unsupported,
                source.string() +
                    " is a folder: its weights are F32, F16 or BF16, which have no "
                    "packed layout because products read them as they are",
                "Give a quantized GGUF file.");
  GgufModelFile model = TRY(open_gguf_model(source));
  if (has_packed_keys(model.file))
    return fail(ErrorCode::InvalidArgument, source.string() + " is packed already",
                "Give the original file.");
  return model;
}

/// Puts the packed file together. Every tensor is packed twice, for its digest and for the file:
/// that costs less than holding all of them.
class Assembly {
 public:
  Assembly(const GgufFile& file, MatrixIndex index, AnonymousMemory scratch,
           const PackOptions& options)
      : file_(file),
        index_(std::move(index)),
        scratch_(std::move(scratch)),
        options_(options),
        pool_(options.threads) {
    for (const GgufTensor& tensor : file_.tensors) bytes_total_ += 2 * tensor.bytes.size();
  }

  Result<void> digest_tensors() {
    for (const GgufTensor& tensor : file_.tensors) {
      if (is_packed(tensor, index_)) names_.emplace_back(tensor.name);
      const auto bytes = TRY(stored_bytes(tensor));
      digests_.push_back(piecewise_digests({&bytes, 1}, pool_).front());
    }
    return {};
  }

  [[nodiscard]] std::size_t packed_count() const { return names_.size(); }

  Result<void> write(const fs::path& target) {
    const std::string digest = TRY(header_digest());
    GgufWriter out = TRY(metadata(digest));
    TRY(add_tensors(out));
    return out.write(target);
  }

 private:
  /// The digest is the last of the metadata: without tensors its digits end the header but for zero
  /// bytes of padding.
  Result<std::string> header_digest() {
    GgufWriter draft = TRY(metadata(std::string(packed_digest_digits, '0')));
    const std::size_t at = TRY(draft.header()).find_last_not_of('\0') + 1 - packed_digest_digits;
    TRY(add_tensors(draft));
    const std::string header = TRY(draft.header());
    return packed_header_digest(std::as_bytes(std::span(header)), at);
  }

  /// The tensor's bytes for the file. The parts of a fused tensor are packed one by one; rows that
  /// are not packed stay as they are.
  Result<std::span<const std::byte>> stored_bytes(const GgufTensor& tensor) {
    if (options_.stop.stop_requested())
      return fail(ErrorCode::Cancelled, "packing was stopped", "Nothing was written.");
    bytes_done_ += tensor.bytes.size();
    if (options_.on_progress) options_.on_progress(bytes_done_, bytes_total_);
    if (!is_packed(tensor, index_)) return tensor.bytes;
    const std::span<std::byte> out = scratch_.bytes().first(tensor.bytes.size());
    const std::byte* begin = tensor.bytes.data();
    std::size_t done = 0;
    for (auto part = index_.lower_bound(begin);
         part != index_.end() && part->first < begin + out.size(); ++part) {
      const auto at = static_cast<std::size_t>(part->first - begin);
      std::ranges::copy(tensor.bytes.subspan(done, at - done), out.subspan(done).begin());
      const std::size_t size = part->second->bytes().size();
      pack_matrix(*part->second, out.subspan(at, size), pool_, true);
      done = at + size;
    }
    std::ranges::copy(tensor.bytes.subspan(done), out.subspan(done).begin());
    return out;
  }

  Result<GgufWriter> metadata(const std::string& header_digest) const {
    GgufWriter out;
    TRY(out.add_scalar<std::uint32_t>("general.alignment",
                                      std::max(file_.alignment, packed_alignment)));
    for (const auto& [key, value] : file_.metadata)
      if (key != "general.alignment") TRY(out.add(key, value));
    TRY(out.add_scalar<std::uint32_t>(packed_keys::layout, packed_layout_version));
    TRY(out.add_strings(packed_keys::tensors, names_));
    TRY(out.add_numbers<std::uint64_t>(packed_keys::digests, digests_));
    if (!options_.source_sha256.empty())
      TRY(out.add_string(packed_keys::source_sha256, options_.source_sha256));
    TRY(out.add_string(packed_keys::header_digest, header_digest));
    return out;
  }

  Result<void> add_tensors(GgufWriter& out) {
    for (const GgufTensor& tensor : file_.tensors)
      TRY(out.add_tensor({.name = std::string(tensor.name),
                          .type = tensor.type,
                          .shape = tensor.shape,
                          .bytes = [this, &tensor] { return stored_bytes(tensor); }}));
    return {};
  }

  const GgufFile& file_;
  MatrixIndex index_;
  AnonymousMemory scratch_;
  const PackOptions& options_;
  ThreadPool pool_;
  std::vector<std::string> names_;
  std::vector<std::uint64_t> digests_;
  std::uint64_t bytes_done_ = 0;
  std::uint64_t bytes_total_ = 0;
};

}  // namespace

fs::path packed_file_path(const fs::path& source) {
  fs::path path = source;
  return path.replace_extension(".croft.gguf");
}

Result<PackedFile> pack_model_file(const fs::path& source, const fs::path& target,
                                   const PackOptions& options) {
  const GgufModelFile model = TRY(open_source(source));
  TRY(check_target(source, target, options.overwrite));
  const ModelConfig config = TRY(config_from_gguf(model.file));
  TensorSource tensors = TensorSource::from(model.file);
  ModelWeights weights = TRY(load_weights(config, gguf_names(config.architecture), tensors, {}));
  MatrixIndex index = index_of(weights);
  if (index.empty())
    return fail(ErrorCode::Unsupported,
                "no matrix of " + source.string() + " has a type with a packed layout",
                "F32, F16 and BF16 are multiplied as they are; packing is for quantized files.");
  AnonymousMemory scratch = TRY(create_scratch(model.file, index));
  Assembly assembly(model.file, std::move(index), std::move(scratch), options);
  TRY(assembly.digest_tensors());
  TRY(assembly.write(target));
  std::error_code ec;
  return PackedFile{fs::file_size(target, ec), model.file.tensors.size(), assembly.packed_count()};
}

}  // namespace croft

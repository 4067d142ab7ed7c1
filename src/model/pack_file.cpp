// Makes the stored packed form out of a GGUF file.
#include <algorithm>
#include <map>
#include <utility>

#include "base/checked.h"
#include "io/digest.h"
#include "io/gguf_writer.h"
#include "model/model_files.h"
#include "model/packed_file.h"
#include "model/tensor_names.h"

namespace croft {
namespace {

namespace fs = std::filesystem;

/// Packed spans by where their source begins.
using SpanIndex = std::map<const std::byte*, std::span<const std::byte>>;

SpanIndex index_of(const PackedWeights& packed) {
  SpanIndex index;
  for (const PackedSpan& span : packed.spans) index.emplace(span.source.data(), span.packed);
  return index;
}

bool is_packed(const GgufTensor& tensor, const SpanIndex& index) {
  const auto first = index.lower_bound(tensor.bytes.data());
  return first != index.end() && first->first < tensor.bytes.data() + tensor.bytes.size();
}

/// The tensor's bytes for the file. A fused tensor is put together in `scratch` from its parts,
/// which were packed one by one; rows that were not packed stay as they are.
std::span<const std::byte> stored_bytes(const GgufTensor& tensor, const SpanIndex& index,
                                        std::vector<std::byte>& scratch) {
  if (!is_packed(tensor, index)) return tensor.bytes;
  const auto first = index.lower_bound(tensor.bytes.data());
  if (first->second.size() == tensor.bytes.size()) return first->second;
  scratch.assign(tensor.bytes.begin(), tensor.bytes.end());
  const std::byte* begin = tensor.bytes.data();
  for (auto part = first; part != index.end() && part->first < begin + tensor.bytes.size(); ++part)
    std::ranges::copy(part->second, scratch.begin() + (part->first - begin));
  return scratch;
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

/// Puts the packed file together.
class Assembly {
 public:
  Assembly(const GgufFile& file, const SpanIndex& index, const PackOptions& options)
      : file_(file), index_(index), options_(options) {}

  void digest_tensors(ThreadPool& pool) {
    for (const GgufTensor& tensor : file_.tensors) {
      if (is_packed(tensor, index_)) names_.emplace_back(tensor.name);
      const auto bytes = stored_bytes(tensor, index_, scratch_);
      digests_.push_back(piecewise_digests({&bytes, 1}, pool).front());
    }
  }

  [[nodiscard]] std::size_t packed_count() const { return names_.size(); }

  Result<void> write(const fs::path& target, const std::function<void(std::uint64_t)>& written) {
    // The digest is the last of the metadata: without tensors its digits end the header but for
    // zero bytes of padding.
    const std::string unknown(packed_digest_digits, '0');
    GgufWriter draft = TRY(metadata(unknown));
    const std::size_t at = TRY(draft.header()).find_last_not_of('\0') + 1 - packed_digest_digits;
    TRY(add_tensors(draft, written));
    const std::string header = TRY(draft.header());
    GgufWriter out = TRY(metadata(packed_header_digest(std::as_bytes(std::span(header)), at)));
    TRY(add_tensors(out, written));
    return out.write(target);
  }

 private:
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

  Result<void> add_tensors(GgufWriter& out, const std::function<void(std::uint64_t)>& written) {
    for (const GgufTensor& tensor : file_.tensors)
      TRY(out.add_tensor(
          {.name = std::string(tensor.name),
           .type = tensor.type,
           .shape = tensor.shape,
           .bytes = [this, &tensor, &written]() -> Result<std::span<const std::byte>> {
             if (options_.stop.stop_requested())
               return fail(ErrorCode::Cancelled, "packing was stopped", "Nothing was written.");
             written(tensor.bytes.size());
             return stored_bytes(tensor, index_, scratch_);
           }}));
    return {};
  }

  const GgufFile& file_;
  const SpanIndex& index_;
  const PackOptions& options_;
  std::vector<std::string> names_;
  std::vector<std::uint64_t> digests_;
  std::vector<std::byte> scratch_;
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
  ThreadPool pool(options.threads);
  std::uint64_t file_total = 0;
  for (const GgufTensor& tensor : model.file.tensors) file_total += tensor.bytes.size();
  std::uint64_t packed_total = 0;
  std::uint64_t written = 0;
  const auto report = [&](std::uint64_t packed, std::uint64_t total) {
    packed_total = total;
    if (options.on_progress) options.on_progress(packed + written, total + file_total);
  };
  const PackedWeights packed = TRY(pack_weights(weights, pool, true, report));
  const SpanIndex index = index_of(packed);
  Assembly assembly(model.file, index, options);
  assembly.digest_tensors(pool);
  if (assembly.packed_count() == 0)
    return fail(ErrorCode::Unsupported,
                "no matrix of " + source.string() + " has a type with a packed layout",
                "F32, F16 and BF16 are multiplied as they are; packing is for quantized files.");
  TRY(assembly.write(target, [&](std::uint64_t bytes) {
    written += bytes;
    report(packed_total, packed_total);
  }));
  std::error_code ec;
  return PackedFile{fs::file_size(target, ec), model.file.tensors.size(), assembly.packed_count()};
}

}  // namespace croft

// A Hugging Face folder: one file, or shards behind an index.
#include <algorithm>
#include <map>
#include <set>

#include "base/json.h"
#include "base/limits.h"
#include "io/quote_foreign.h"
#include "io/safetensors.h"

namespace croft {
namespace {

constexpr std::string_view index_name = "model.safetensors.index.json";

/// Tensor names by shard. Ordered, so that shards open in the same order on every machine.
using Shards = std::map<std::string, std::vector<std::string>>;

std::unexpected<Error> corrupt_index(const std::string& what) {
  return fail(ErrorCode::Corrupt, std::string(index_name) + " " + what,
              "Download the model's folder again.");
}

/// A shard lies in the folder itself: a name with a path in it would let an index read any file.
bool is_plain_shard_name(std::string_view name) {
  return name.ends_with(".safetensors") && name.find('/') == std::string_view::npos &&
         name.find('\\') == std::string_view::npos && name.find('\0') == std::string_view::npos &&
         !name.starts_with('.');
}

Result<Shards> read_index(const std::filesystem::path& path) {
  const MappedFile file = TRY(MappedFile::open(path));
  if (file.bytes().size() > limits::json_file_bytes_max) {
    return fail(ErrorCode::TooLarge, path.string() + " is over 256 MiB", "Check the file.");
  }
  const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()),
                              file.bytes().size());
  auto index = parse_json(text, index_name);
  if (!index) return corrupt_index("cannot be read: " + index.error().message);
  const json::value* map = find(*index, "weight_map");
  if (map == nullptr || !map->is_object()) return corrupt_index("has no weight_map");
  Shards shards;
  for (const auto& member : map->get_object()) {
    const json::string* shard = member.value().if_string();
    if (shard == nullptr || !is_plain_shard_name(*shard)) {
      return corrupt_index("gives tensor " + quote_foreign(member.key()) +
                           " a file that is no plain name ending in .safetensors" +
                           (shard == nullptr ? std::string() : ": " + quote_foreign(*shard)));
    }
    shards[std::string(*shard)].emplace_back(member.key());
  }
  if (shards.empty()) return corrupt_index("names no tensor");
  return shards;
}

/// Every tensor that the index promises must be in the shard it names.
Result<void> check_promises(const SafetensorsFile& file, const std::string& shard,
                            const std::vector<std::string>& promised) {
  std::set<std::string_view> present(file.skipped.begin(), file.skipped.end());
  for (const SafeTensor& tensor : file.tensors) present.insert(tensor.name);
  for (const std::string& name : promised) {
    if (!present.contains(name)) {
      return corrupt_index("promises tensor " + quote_foreign(name) + ", which " +
                           quote_foreign(shard) + " does not have");
    }
  }
  return {};
}

Result<Shards> find_shards(const std::filesystem::path& folder) {
  std::error_code error;
  if (std::filesystem::exists(folder / "model.safetensors", error)) {
    return Shards{{"model.safetensors", {}}};
  }
  if (std::filesystem::exists(folder / index_name, error)) return read_index(folder / index_name);
  return fail(ErrorCode::NotFound,
              folder.string() + " holds neither model.safetensors nor " + std::string(index_name),
              "Give the folder of a Hugging Face model in safetensors format.");
}

}  // namespace

Result<SafetensorsFolder> SafetensorsFolder::open(const std::filesystem::path& folder) {
  const Shards shards = TRY(find_shards(folder));
  SafetensorsFolder result;
  for (const auto& [shard, promised] : shards) {
    auto mapped = MappedFile::open(folder / shard);
    if (!mapped && mapped.error().code == ErrorCode::NotFound && !promised.empty()) {
      return corrupt_index("names the shard " + quote_foreign(shard) + ", which is missing");
    }
    result.files_.push_back(TRY(std::move(mapped)));
    auto file = SafetensorsFile::parse(result.files_.back().bytes());
    if (!file) {
      Error problem = std::move(file).error();
      problem.message = (folder / shard).string() + ": " + problem.message;
      return std::unexpected(std::move(problem));
    }
    TRY(check_promises(*file, shard, promised));
    std::ranges::move(file->tensors, std::back_inserter(result.tensors_));
    std::ranges::move(file->skipped, std::back_inserter(result.skipped_));
  }
  const auto name_of = [&](std::uint32_t i) -> std::string_view { return result.tensors_[i].name; };
  if (const auto twice = result.index_.build(result.tensors_.size(), name_of)) {
    return fail(
        ErrorCode::Corrupt,
        "Tensor " + quote_foreign(name_of(*twice)) + " is in two shards of " + folder.string(),
        "Download the model's folder again.");
  }
  return result;
}

const SafeTensor* SafetensorsFolder::find(std::string_view name) const {
  const auto i =
      index_.find(name, [&](std::uint32_t at) -> std::string_view { return tensors_[at].name; });
  return i ? &tensors_[*i] : nullptr;
}

}  // namespace croft

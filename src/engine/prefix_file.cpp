#include "engine/prefix_file.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/checked.h"
#include "base/json.h"
#include "io/atomic_file.h"
#include "io/digest.h"
#include "kernels/kv_check.h"
#include "model/decoder.h"

namespace croft {
namespace {

constexpr std::string_view magic = "CROFTPFX";
/// Counts up when the layout of pages changes.
constexpr std::uint32_t version = 1;
constexpr std::size_t header_bytes_max = 64 * limits::KiB;
constexpr std::size_t fixed_bytes = magic.size() + 2 * sizeof(std::uint32_t);
constexpr std::size_t alignment = 64;
constexpr std::size_t chunk = 512;

constexpr std::size_t aligned(std::size_t bytes) {
  return (bytes + alignment - 1) / alignment * alignment;
}

std::unexpected<Error> corrupt(std::string message) {
  return fail(ErrorCode::Corrupt, "the saved prefix is damaged: " + std::move(message),
              "Make it again with `croft prefix save`.");
}

std::unexpected<Error> other_model(std::string message) {
  return fail(ErrorCode::Unsupported, "the saved prefix does not fit: " + std::move(message),
              "Make it again with `croft prefix save`, the same model and the same --kv-type.");
}

KvLayout layout_of(const ModelConfig& config, TensorType kv_type) {
  return {kv_form(kv_type), config.kv_head_count, config.head_size};
}

/// Of a page in the file: a pool's pages are rounded up to pages of the system.
std::size_t file_page_bytes(const ModelConfig& config, TensorType kv_type) {
  return layout_of(config, kv_type).page_bytes() * config.layer_count;
}

/// What a file must say to fit the model.
json::object shapes(const ModelConfig& config, TensorType kv_type) {
  return {{"kv_form", static_cast<std::int64_t>(kv_form(kv_type))},
          {"layers", config.layer_count},
          {"kv_heads", config.kv_head_count},
          {"head_size", config.head_size},
          {"page_positions", kv_block_positions}};
}

Result<void> check_shapes(const json::value& header, const ModelConfig& config,
                          TensorType kv_type) {
  for (const auto& [name, wanted] : shapes(config, kv_type)) {
    const auto found = find_int(header, name);
    if (!found) return corrupt("its header has no number `" + std::string(name) + "`");
    const auto here = wanted.to_number<std::int64_t>();
    if (*found != here)
      return other_model("`" + std::string(name) + "` is " + std::to_string(*found) +
                         " there and " + std::to_string(here) + " here");
  }
  return {};
}

Result<void> check_ids(std::span<const TokenId> ids, const ModelConfig& config) {
  for (const TokenId id : ids)
    if (id < 0 || std::cmp_greater_equal(id, config.vocabulary_size))
      return corrupt("it holds the token id " + std::to_string(id));
  return {};
}

Result<void> check_pages(std::span<const std::byte> pages, const KvLayout& layout) {
  const std::size_t block = layout.block_bytes();
  for (std::size_t at = 0; at < pages.size(); at += block)
    if (!is_sound_kv_block(layout, pages.subspan(at, block)))
      return corrupt("keys or values out of bounds, " + std::to_string(at) +
                     " bytes into its pages");
  return {};
}

template <typename T>
T read_at(std::span<const std::byte> bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

/// Fills `table` with the keys and values of `tokens`.
void compute(const Model& model, std::span<const TokenId> tokens, const KvPool& kv, KvTable& table,
             Isa isa, ThreadPool& pool) {
  CHECK(table.reserve(tokens.size()));
  DecoderSession session(*model.decoder(), kv, isa, pool);
  Batch batch;
  for (std::size_t done = 0; done < tokens.size();) {
    const std::size_t count = std::min(chunk, tokens.size() - done);
    const auto part = tokens.subspan(done, count);
    batch.tokens.assign(part.begin(), part.end());
    batch.sequences = {{.kv = &table, .count = count, .position = done}};
    session.forward(batch);
    done += count;
  }
}

}  // namespace

Result<PrefixView> parse_prefix(std::span<const std::byte> file, const ModelConfig& config,
                                TensorType kv_type) {
  if (file.size() < fixed_bytes || std::memcmp(file.data(), magic.data(), magic.size()) != 0)
    return corrupt("it does not begin like one");
  if (const auto found = read_at<std::uint32_t>(file, magic.size()); found != version)
    return other_model("its format is version " + std::to_string(found) + ", this program reads " +
                       std::to_string(version));
  const std::size_t header_bytes = read_at<std::uint32_t>(file, magic.size() + 4);
  if (header_bytes > header_bytes_max || header_bytes > file.size() - fixed_bytes)
    return corrupt("its header of " + std::to_string(header_bytes) + " bytes does not fit");
  const std::string_view text(reinterpret_cast<const char*>(file.data()) + fixed_bytes,
                              header_bytes);
  const auto header = parse_json(text, "the header");
  if (!header) return corrupt(header.error().message);
  TRY(check_shapes(*header, config, kv_type));
  const auto count = find_int(*header, "tokens");
  if (!count || *count <= 0 || *count > static_cast<std::int64_t>(limits::context_max) ||
      *count % static_cast<std::int64_t>(kv_block_positions) != 0)
    return corrupt("`tokens` in its header is no whole number of pages");
  const auto tokens = static_cast<std::size_t>(*count);
  if (config.rope.original_context != 0 && tokens > config.rope.original_context)
    return other_model("it is longer than this model's original context");
  const std::size_t ids_at = aligned(fixed_bytes + header_bytes);
  const std::size_t pages_at = aligned(ids_at + tokens * sizeof(TokenId));
  const auto pages_bytes =
      checked_mul<std::uint64_t>(file_page_bytes(config, kv_type), tokens / kv_block_positions);
  if (!pages_bytes || file.size() < pages_at || file.size() - pages_at != *pages_bytes)
    return corrupt("it has " + std::to_string(file.size()) + " bytes, which is not what " +
                   std::to_string(tokens) + " tokens take");
  const auto digest = find_string(*header, "digest");
  if (!digest || *digest != digest_text(xxh3_64(file.subspan(ids_at))))
    return corrupt("its bytes are not those that were written");
  PrefixView view;
  view.tokens.resize(tokens);
  std::memcpy(view.tokens.data(), file.data() + ids_at, tokens * sizeof(TokenId));
  TRY(check_ids(view.tokens, config));
  view.pages = file.subspan(pages_at);
  TRY(check_pages(view.pages, layout_of(config, kv_type)));
  return view;
}

Result<std::size_t> save_prefix(const Model& model, std::span<const TokenId> tokens,
                                TensorType kv_type, const std::filesystem::path& path, Isa isa,
                                ThreadPool& pool) {
  const ModelConfig& config = model.config();
  if (model.decoder() == nullptr)
    return fail(ErrorCode::Unsupported,
                "the model " + model.info().name + " makes embeddings and has no prompts");
  const std::size_t given = tokens.size();
  tokens = tokens.first(given / kv_block_positions * kv_block_positions);
  if (tokens.empty())
    return fail(ErrorCode::InvalidArgument,
                "the beginning has " + std::to_string(given) + " tokens, and keys are kept by " +
                    std::to_string(kv_block_positions),
                "So short a prompt is computed in no time; there is nothing to save.");
  const std::size_t longest = config.rope.original_context != 0
                                  ? std::min(config.context_length, config.rope.original_context)
                                  : config.context_length;
  if (tokens.size() > longest)
    return fail(ErrorCode::InvalidArgument, "the beginning has " + std::to_string(given) +
                                                " tokens, this model reads " +
                                                std::to_string(longest));
  KvPool kv = TRY(KvPool::create(config, {.type = kv_type, .positions = tokens.size()}));
  KvTable table(kv);
  compute(model, tokens, kv, table, isa, pool);

  const std::size_t page_bytes = file_page_bytes(config, kv_type);
  const std::size_t ids_bytes = aligned(tokens.size_bytes());
  std::vector<std::byte> body(ids_bytes + table.ids().size() * page_bytes);
  std::memcpy(body.data(), tokens.data(), tokens.size_bytes());
  for (std::size_t page = 0; page < table.ids().size(); ++page)
    std::memcpy(body.data() + ids_bytes + page * page_bytes, kv.data(table.ids()[page]),
                page_bytes);

  json::object header = shapes(config, kv_type);
  header["model"] = model.info().name;
  header["tokens"] = tokens.size();
  header["digest"] = digest_text(xxh3_64(body));
  const std::string text = json::serialize(header);
  if (text.size() > header_bytes_max)
    return fail(ErrorCode::TooLarge, "the model's name is too long for the header");
  std::vector<std::byte> head(aligned(fixed_bytes + text.size()));
  const auto header_bytes = static_cast<std::uint32_t>(text.size());
  std::memcpy(head.data(), magic.data(), magic.size());
  std::memcpy(head.data() + magic.size(), &version, sizeof version);
  std::memcpy(head.data() + magic.size() + 4, &header_bytes, sizeof header_bytes);
  std::memcpy(head.data() + fixed_bytes, text.data(), text.size());
  AtomicFile file = TRY(AtomicFile::create(path));
  TRY(file.write(head));
  TRY(file.write(body));
  TRY(file.commit());
  return tokens.size();
}

Result<PrefixFile> PrefixFile::open(const std::filesystem::path& path, const Model& model,
                                    TensorType kv_type) {
  PrefixFile prefix;
  prefix.path_ = path;
  prefix.file_ = TRY(MappedFile::open(path));
  auto view = parse_prefix(prefix.file_.bytes(), model.config(), kv_type);
  if (!view) {
    Error error = std::move(view).error();
    error.message = path.string() + ": " + error.message;
    return std::unexpected(std::move(error));
  }
  prefix.view_ = *std::move(view);
  return prefix;
}

std::size_t PrefixFile::page_count() const {
  return view_.tokens.size() / kv_block_positions;
}

Result<void> PrefixFile::load(const Model& model, KvPool& kv, KvTable& table, Isa isa,
                              ThreadPool& pool) const {
  CHECK(table.reserve(view_.tokens.size()));
  const std::size_t page_bytes = view_.pages.size() / page_count();
  {
    // The proof: this model, here and now, makes the same first page of these tokens.
    KvPool one = TRY(KvPool::create(model.config(),
                                    {.type = kv.layout().form == KvForm::Floats  ? TensorType::F32
                                             : kv.layout().form == KvForm::Bits8 ? TensorType::Q8_0
                                                                                 : TensorType::F16,
                                     .positions = kv_block_positions}));
    KvTable first(one);
    compute(model, std::span(view_.tokens).first(kv_block_positions), one, first, isa, pool);
    if (std::memcmp(one.data(first.ids()[0]), view_.pages.data(), page_bytes) != 0)
      return fail(ErrorCode::Unsupported,
                  path_.string() +
                      ": the saved prefix was made with another model, or by a version that "
                      "computes otherwise",
                  "Make it again with `croft prefix save`.");
  }
  for (std::size_t page = 0; page < page_count(); ++page)
    std::memcpy(kv.data(table.ids()[page]), view_.pages.data() + page * page_bytes, page_bytes);
  return {};
}

}  // namespace croft

// Goal: no file makes the reader of saved prefixes crash, and what it accepts is whole. Method: the
// bytes as they come, and as header and body of a file whose frame and digest fit.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "base/check.h"
#include "engine/prefix_file.h"
#include "io/digest.h"

namespace {

using namespace croft;

ModelConfig small_model() {
  ModelConfig config;
  config.layer_count = 1;
  config.kv_head_count = 1;
  config.head_size = 16;
  config.vocabulary_size = 100;
  config.context_length = 256;
  return config;
}

void check(std::span<const std::byte> file) {
  const ModelConfig config = small_model();
  for (const TensorType type : {TensorType::F16, TensorType::F32}) {
    const auto view = parse_prefix(file, config, type);
    if (!view) {
      CHECK(view.error().code == ErrorCode::Corrupt || view.error().code == ErrorCode::Unsupported);
      continue;
    }
    CHECK(!view->tokens.empty() && view->tokens.size() % kv_block_positions == 0);
    const KvLayout layout{kv_form(type), 1, 16};
    CHECK(view->pages.size() == view->tokens.size() / kv_block_positions * layout.page_bytes());
  }
}

/// A file of one page whose body is `body`, repeated or cut.
std::vector<std::byte> framed(std::span<const std::byte> body) {
  const KvLayout layout{KvForm::Bits16, 1, 16};
  std::vector<std::byte> filled(64 * sizeof(TokenId) + layout.page_bytes());
  for (std::size_t i = 0; i < filled.size() && !body.empty(); ++i)
    filled[i] = body[i % body.size()];
  const std::string digest = digest_text(xxh3_64(filled));
  const std::string header =
      R"({"kv_form":0,"layers":1,"kv_heads":1,"head_size":16,"page_positions":64,"tokens":64,"digest":")" +
      digest + "\"}";
  std::vector<std::byte> file((16 + header.size() + 63) / 64 * 64);
  const std::uint32_t numbers[2] = {1, static_cast<std::uint32_t>(header.size())};
  std::memcpy(file.data(), "CROFTPFX", 8);
  std::memcpy(file.data() + 8, numbers, sizeof numbers);
  std::memcpy(file.data() + 16, header.data(), header.size());
  file.insert(file.end(), filled.begin(), filled.end());
  return file;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  check(bytes);
  check(framed(bytes));
  return 0;
}

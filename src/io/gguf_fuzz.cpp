// Goal: no bytes make the GGUF reader crash, hang, or hand out a view outside the file.
// Method: parse, then use everything an accepted file offers the way the rest of the program does.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "base/check.h"
#include "io/gguf.h"

namespace {

using namespace croft;

void check_inside(std::span<const std::byte> part, std::span<const std::byte> file) {
  const std::less_equal<> not_after;
  CHECK(not_after(file.data(), part.data()));
  CHECK(not_after(part.data() + part.size(), file.data() + file.size()));
}

void check_disjoint(std::vector<std::span<const std::byte>> parts) {
  std::ranges::sort(parts, {}, [](std::span<const std::byte> part) { return part.data(); });
  for (std::size_t i = 1; i < parts.size(); ++i) {
    CHECK(parts[i - 1].data() + parts[i - 1].size() <= parts[i].data());
  }
}

std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

void use_value(const GgufFile& file, std::string_view key, std::span<const std::byte> bytes) {
  CHECK(file.find(key) != nullptr);
  static_cast<void>(file.integer(key));
  static_cast<void>(file.number(key));
  static_cast<void>(file.boolean(key));
  if (const auto text = file.string(key); text && *text) check_inside(as_bytes(**text), bytes);
  if (const auto strings = file.strings(key); strings && *strings != nullptr) {
    for (const std::string_view text : **strings) check_inside(as_bytes(text), bytes);
  }
  if (const auto numbers = file.numbers(key); numbers && *numbers != nullptr) {
    check_inside((*numbers)->bytes, bytes);
    volatile double sink = 0;
    for (std::size_t i = 0; i < (*numbers)->count; ++i) {
      sink = (*numbers)->number(i);
      sink = static_cast<double>((*numbers)->integer(i));
    }
    static_cast<void>(sink);
  }
}

void use_tensor(const GgufFile& file, const GgufTensor& tensor, std::span<const std::byte> bytes) {
  CHECK(file.find_tensor(tensor.name) == &tensor);
  check_inside(as_bytes(tensor.name), bytes);
  check_inside(tensor.bytes, bytes);
  // What kernels rely on: the shape times the type is exactly the bytes, in arithmetic that cannot
  // wrap.
  const TensorTypeTraits& type = traits(tensor.type);
  CHECK(!tensor.shape.empty());
  unsigned __int128 elements = 1;
  for (const std::uint64_t size : tensor.shape) {
    elements *= size;
    CHECK(elements > 0 && elements <= UINT64_MAX);
  }
  CHECK(tensor.cols() % type.block_size == 0);
  CHECK(static_cast<unsigned __int128>(tensor.rows()) * tensor.cols() == elements);
  CHECK(elements / type.block_size * type.block_bytes == tensor.bytes.size());
  CHECK(static_cast<std::uint64_t>(tensor.bytes.data() - bytes.data()) % file.alignment == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto file = GgufFile::parse(bytes);
  if (!file) {
    CHECK(!file.error().message.empty());
    CHECK(file.error().code != ErrorCode::Internal);
    return 0;
  }
  for (const auto& [key, value] : file->metadata) use_value(*file, key, bytes);
  std::vector<std::span<const std::byte>> parts;
  for (const GgufTensor& tensor : file->tensors) {
    use_tensor(*file, tensor, bytes);
    parts.push_back(tensor.bytes);
  }
  check_disjoint(std::move(parts));
  return 0;
}

// Goal: no bytes make the safetensors reader crash, hang, or hand out a view outside the file.
// Method: parse, then check what the converters rely on.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "base/check.h"
#include "io/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace croft;
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto file = SafetensorsFile::parse(bytes);
  if (!file) {
    CHECK(!file.error().message.empty());
    CHECK(file.error().code != ErrorCode::Internal);
    return 0;
  }
  const std::less_equal<> not_after;
  const std::byte* end_of_last = bytes.data() + 8;  // tensors come in the order of their data
  for (const SafeTensor& tensor : file->tensors) {
    CHECK(not_after(end_of_last, tensor.bytes.data()));
    end_of_last = tensor.bytes.data() + tensor.bytes.size();
    CHECK(not_after(tensor.bytes.data() + tensor.bytes.size(), bytes.data() + bytes.size()));
    unsigned __int128 elements = 1;
    for (const std::uint64_t dimension : tensor.shape) {
      elements *= dimension;
      CHECK(elements > 0 && elements <= UINT64_MAX);
    }
    CHECK(static_cast<unsigned __int128>(tensor.rows()) * tensor.cols() == elements);
    CHECK(elements * traits(tensor.type).block_bytes == tensor.bytes.size());
  }
  return 0;
}

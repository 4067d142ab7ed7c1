#include "model/tensor_source.h"

#include <algorithm>

#include "base/check.h"

namespace croft {

PackedMatrix TensorRef::matrix(std::uint64_t rows, std::uint64_t cols) const {
  return packed ? PackedMatrix::view_packed(type, rows, cols, bytes)
                : PackedMatrix::view(type, rows, cols, bytes);
}

TensorSource TensorSource::from(const GgufFile& file) {
  TensorSource source;
  for (const GgufTensor& tensor : file.tensors)
    source.entries_.emplace(std::string(tensor.name),
                            Entry{TensorRef{tensor.type, tensor.shape, tensor.bytes, false}});
  return source;
}

TensorSource TensorSource::from(const SafetensorsFolder& folder) {
  TensorSource source;
  for (const SafeTensor& tensor : folder.tensors())
    source.entries_.emplace(tensor.name,
                            Entry{TensorRef{tensor.type, tensor.shape, tensor.bytes, false}});
  return source;
}

const TensorRef* TensorSource::take(const std::string& name) {
  const auto it = entries_.find(name);
  if (it == entries_.end()) return nullptr;
  it->second.used = true;
  return &it->second.tensor;
}

void TensorSource::mark_packed(std::string_view name) {
  const auto it = entries_.find(std::string(name));
  CHECK(it != entries_.end());
  it->second.tensor.packed = true;
}

std::vector<std::string> TensorSource::unused() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries_)
    if (!entry.used) names.push_back(name);
  std::ranges::sort(names);
  return names;
}

}  // namespace croft

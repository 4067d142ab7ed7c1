#include "model/tensor_source.h"

#include <algorithm>

namespace croft {

TensorSource TensorSource::from(const GgufFile& file) {
  TensorSource source;
  for (const GgufTensor& tensor : file.tensors)
    source.entries_.emplace(std::string(tensor.name),
                            Entry{TensorRef{tensor.type, tensor.shape, tensor.bytes}});
  return source;
}

TensorSource TensorSource::from(const SafetensorsFolder& folder) {
  TensorSource source;
  for (const SafeTensor& tensor : folder.tensors())
    source.entries_.emplace(tensor.name, Entry{TensorRef{tensor.type, tensor.shape, tensor.bytes}});
  return source;
}

const TensorRef* TensorSource::take(const std::string& name) {
  const auto it = entries_.find(name);
  if (it == entries_.end()) return nullptr;
  it->second.used = true;
  return &it->second.tensor;
}

std::vector<std::string> TensorSource::unused() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries_)
    if (!entry.used) names.push_back(name);
  std::ranges::sort(names);
  return names;
}

}  // namespace croft

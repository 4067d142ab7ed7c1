// ModelInfo and ModelSummary: what can be said of a model file from its headers alone.
#include <algorithm>
#include <map>

#include "model/model_files.h"
#include "model/packed_file.h"

namespace croft {
namespace {

namespace fs = std::filesystem;

/// Counts tensors and bytes by type.
class TypeCensus {
 public:
  void add(TensorType type, std::uint64_t elements, std::uint64_t bytes) {
    Row& row = rows_[std::string(traits(type).name)];
    row.tensors += 1;
    row.bytes += bytes;
    parameters_ += elements;
    tensors_ += 1;
  }
  void write(ModelInfo& info) const {
    info.parameters_count = parameters_;
    info.tensors_count = tensors_;
    std::uint64_t most = 0;
    for (const auto& [name, row] : rows_) {
      info.tensor_types.emplace_back(name, row.tensors);
      if (row.bytes > most) {
        most = row.bytes;
        info.quantization = name;
      }
    }
    std::ranges::sort(info.tensor_types, [](const auto& a, const auto& b) {
      return a.second != b.second ? a.second > b.second : a.first < b.first;
    });
  }

 private:
  struct Row {
    std::size_t tensors = 0;
    std::uint64_t bytes = 0;
  };
  std::map<std::string, Row> rows_;
  std::uint64_t parameters_ = 0;
  std::uint64_t tensors_ = 0;
};

template <typename Tensor>
void count_tensor(TypeCensus& census, const Tensor& tensor) {
  census.add(tensor.type, tensor.rows() * tensor.cols(), tensor.bytes.size());
}

std::string text_or(const GgufFile& file, std::string_view key, std::string otherwise) {
  const auto value = file.string(key);
  return value.has_value() && value->has_value() ? std::string(**value) : std::move(otherwise);
}

std::string value_text(const GgufValue& value) {
  struct Visitor {
    std::string operator()(bool v) const { return v ? "true" : "false"; }
    std::string operator()(std::int64_t v) const { return std::to_string(v); }
    std::string operator()(std::uint64_t v) const { return std::to_string(v); }
    std::string operator()(double v) const { return json::serialize(json::value(v)); }
    std::string operator()(std::string_view v) const { return std::string(v); }
    std::string operator()(const GgufNumbers& v) const {
      return "[" + std::to_string(v.count) + " numbers]";
    }
    std::string operator()(const GgufStrings& v) const {
      return "[" + std::to_string(v.size()) + " strings]";
    }
  };
  return std::visit(Visitor{}, value.data);
}

template <typename Tensors>
void list_tensors(const Tensors& tensors, ModelSummary& summary) {
  summary.tensors.reserve(tensors.size());
  for (const auto& tensor : tensors)
    summary.tensors.push_back(
        {std::string(tensor.name), std::string(traits(tensor.type).name), tensor.shape});
}

template <typename T>
void keep_or_note(Result<T> result, T& out, ModelSummary& summary) {
  if (result)
    out = std::move(*result);
  else if (summary.problem.empty())
    summary.problem = result.error().to_string();
}

}  // namespace

ModelInfo describe(const fs::path& path, const GgufModelFile& model) {
  ModelInfo info;
  info.name = text_or(model.file, "general.name", path.stem().string());
  info.architecture = text_or(model.file, "general.architecture", "(none)");
  info.licence = text_or(model.file, "general.license", "");
  info.format = "GGUF v" + std::to_string(model.file.version);
  info.file_bytes = model.mapping.bytes().size();
  const auto layout = model.file.integer(packed_keys::layout);
  if (layout.has_value() && layout->value_or(0) > 0)
    info.packed_layout = static_cast<std::uint64_t>(**layout);
  TypeCensus census;
  for (const GgufTensor& tensor : model.file.tensors) count_tensor(census, tensor);
  census.write(info);
  return info;
}

ModelInfo describe(const FolderModelFile& model) {
  ModelInfo info;
  fs::path folder = model.folder;
  if (!folder.has_filename())
    folder = folder.parent_path();  // "models/name/" ends in an empty part
  info.name = folder.filename().string();
  info.format = "safetensors";
  info.architecture = std::string(find_string(model.config, "model_type").value_or("(none)"));
  if (const json::value* classes = find(model.config, "architectures");
      classes != nullptr && classes->is_array() && !classes->get_array().empty() &&
      classes->get_array()[0].is_string())
    info.architecture = std::string(classes->get_array()[0].get_string());
  TypeCensus census;
  for (const SafeTensor& tensor : model.tensors.tensors()) {
    count_tensor(census, tensor);
    info.file_bytes += tensor.bytes.size();
  }
  census.write(info);
  return info;
}

Result<ModelSummary> summarize_model(const fs::path& path) {
  ModelSummary summary;
  std::error_code ec;
  if (fs::is_directory(path, ec)) {
    const FolderModelFile model = TRY(open_folder_model(path));
    summary.info = describe(model);
    keep_or_note(folder_config(model), summary.config, summary);
    keep_or_note(chat_template_of(model.folder), summary.chat_template, summary);
    if (const json::object* object = model.config.if_object())
      for (const auto& [key, value] : *object)
        summary.metadata.emplace_back(std::string(key), json::serialize(value));
    list_tensors(model.tensors.tensors(), summary);
    return summary;
  }
  const GgufModelFile model = TRY(open_gguf_model(path));
  summary.info = describe(path, model);
  std::optional<PackedForm> form;
  keep_or_note(read_packed_form(model.file, model.mapping.bytes()), form, summary);
  keep_or_note(config_from_gguf(model.file), summary.config, summary);
  keep_or_note(chat_template_of(model.file), summary.chat_template, summary);
  for (const auto& [key, value] : model.file.metadata)
    summary.metadata.emplace_back(std::string(key), value_text(value));
  list_tensors(model.file.tensors, summary);
  return summary;
}

}  // namespace croft

#include <algorithm>

#include "base/json.h"
#include "base/machine_memory.h"
#include "cli/model_access.h"
#include "cli/terminal.h"
#include "cli/verbs/verbs.h"
#include "io/sha256.h"
#include "model/memory_plan.h"
#include "model/model.h"

namespace croft::cli {
namespace {

using Row = std::pair<std::string, std::string>;

std::uint64_t planned_context(const ModelConfig& config, const Settings& settings) {
  const std::uint64_t asked = settings.size("context");
  return asked == 0 ? usual_context(config) : asked;
}

MemoryPlan memory_of(const ModelConfig& config, const ModelInfo& info, const Settings& settings) {
  return plan_memory(config, {.file_bytes = info.file_bytes,
                              .context = planned_context(config, settings),
                              .parallel = settings.size("parallel"),
                              .kv_type = kv_type(settings.text("kv-type"))});
}

std::string sequences_text(const ModelConfig& config, const MemoryPlan& plan,
                           const Settings& settings) {
  if (config.is_encoder()) return {};
  const std::uint64_t parallel = settings.size("parallel");
  return (parallel == 1 ? "1 answer" : std::to_string(parallel) + " answers") + " of up to " +
         std::to_string(planned_context(config, settings)) + " tokens at " +
         human_bytes(static_cast<double>(plan.per_token));
}

std::vector<Row> memory_rows(const ModelConfig& config, const ModelInfo& info,
                             const Settings& settings) {
  const MemoryPlan plan = memory_of(config, info, settings);
  const MachineMemory machine = machine_memory();
  const auto text = [](std::uint64_t bytes) { return human_bytes(static_cast<double>(bytes)); };
  std::string need = "about " + text(plan.most()) + ": weights " + text(plan.weights);
  if (const std::string sequences = sequences_text(config, plan, settings); !sequences.empty())
    need += ", keys and values " + text(plan.sequences) + " (" + sequences + ")";
  need += ", work " + text(plan.work);
  std::string fits = text(machine.available) + " of " + text(machine.total) + " are free: ";
  if (plan.most() <= machine.available)
    fits += "fits";
  else if (plan.least() <= machine.available)
    fits += "one full answer fits; more wait for memory when all are long";
  else
    fits += "does not fit";
  return {{"memory", need}, {"this machine", fits}};
}

std::string shape_text(const std::vector<std::uint64_t>& shape) {
  std::string text = "[";
  for (const std::uint64_t extent : shape)
    text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
  return text + "]";
}

std::string template_hash(const std::string& source) {
  return sha256_hex(std::as_bytes(std::span(source)));
}

std::string table(const std::vector<Row>& rows) {
  std::size_t widest = 0;
  for (const auto& [key, value] : rows) widest = std::max(widest, key.size());
  std::string text;
  for (const auto& [key, value] : rows)
    text += dimmed(escape_controls(key)) + std::string(widest - key.size() + 2, ' ') +
            escape_controls(value) + "\n";
  return text;
}

std::string types_text(const ModelInfo& info) {
  std::string text = info.quantization;
  std::string mix;
  for (const auto& [type, count] : info.tensor_types)
    mix += (mix.empty() ? "" : ", ") + std::to_string(count) + " " + type;
  if (!mix.empty()) text += (text.empty() ? "" : " ") + ("(tensors: " + mix + ")");
  return text.empty() ? "no tensors" : text;
}

/// Present only where the file has it: (tokenizer model, pre-tokenizer, vocabulary).
std::string metadata_value(const ModelSummary& summary, std::string_view key) {
  const auto found = std::ranges::find(summary.metadata, key, &Row::first);
  return found == summary.metadata.end() ? std::string{} : found->second;
}

std::string tokenizer_text(const ModelSummary& summary) {
  std::string text = metadata_value(summary, "tokenizer.ggml.model");
  if (const std::string pre = metadata_value(summary, "tokenizer.ggml.pre"); !pre.empty())
    text += (text.empty() ? "" : ", ") + pre;
  return text;
}

std::vector<Row> config_rows(const ModelConfig& config, const ModelInfo& info,
                             const Settings& settings) {
  std::vector<Row> rows = {
      {"context", std::to_string(config.context_length) + " tokens"},
      {"vocabulary", std::to_string(config.vocabulary_size) + " tokens"},
      {"layers", std::to_string(config.layer_count)},
      {"hidden size", std::to_string(config.hidden_size)},
      {"heads", std::to_string(config.head_count) + ", " + std::to_string(config.kv_head_count) +
                    " for keys and values, " + std::to_string(config.head_size) + " wide"}};
  for (Row& row : memory_rows(config, info, settings)) rows.push_back(std::move(row));
  return rows;
}

std::vector<Row> summary_rows(const ModelSummary& summary, const std::filesystem::path& path,
                              const Settings& settings) {
  const ModelInfo& info = summary.info;
  std::vector<Row> rows = {
      {"name", valid_utf8(info.name)},
      {"file", path.string()},
      {"format", info.format + ", " + human_bytes(static_cast<double>(info.file_bytes))},
      {"architecture", valid_utf8(info.architecture)},
      {"parameters", human_count(static_cast<double>(info.parameters_count))},
      {"quantization", types_text(info)}};
  if (info.packed_layout != 0)
    rows.emplace_back("packed", "layout " + std::to_string(info.packed_layout));
  if (!info.licence.empty()) rows.emplace_back("licence", info.licence);
  if (const std::string text = tokenizer_text(summary); !text.empty())
    rows.emplace_back("tokenizer", text);
  rows.emplace_back("chat template", summary.chat_template.empty()
                                         ? "none"
                                         : "sha256 " + template_hash(summary.chat_template));
  if (summary.problem.empty()) {
    for (Row& row : config_rows(summary.config, info, settings)) rows.push_back(std::move(row));
  } else {
    rows.emplace_back("cannot run", summary.problem);
  }
  return rows;
}

json::object memory_json(const MemoryPlan& plan) {
  const MachineMemory machine = machine_memory();
  return {{"weights_bytes", plan.weights},
          {"kv_bytes_per_token", plan.per_token},
          {"kv_bytes", plan.sequences},
          {"work_bytes", plan.work},
          {"least_bytes", plan.least()},
          {"most_bytes", plan.most()},
          {"machine_bytes", machine.total},
          {"available_bytes", machine.available},
          {"fits", plan.least() <= machine.available}};
}

json::object config_json(const ModelConfig& config, const ModelInfo& info,
                         const Settings& settings) {
  return {{"context_length", config.context_length},
          {"vocabulary_size", config.vocabulary_size},
          {"layer_count", config.layer_count},
          {"hidden_size", config.hidden_size},
          {"head_count", config.head_count},
          {"kv_head_count", config.kv_head_count},
          {"head_size", config.head_size},
          {"ffn_size", config.ffn_size},
          {"is_encoder", config.is_encoder()},
          {"memory", memory_json(memory_of(config, info, settings))}};
}

json::array tensors_json(const ModelSummary& summary) {
  json::array tensors;
  for (const auto& tensor : summary.tensors)
    tensors.emplace_back(
        json::object{{"name", valid_utf8(tensor.name)},
                     {"type", tensor.type},
                     {"shape", json::array(tensor.shape.begin(), tensor.shape.end())}});
  return tensors;
}

json::object summary_json(const ModelSummary& summary, const std::filesystem::path& path,
                          const Settings& settings) {
  const ModelInfo& info = summary.info;
  json::object types;
  for (const auto& [type, count] : info.tensor_types) types[type] = count;
  json::object out{{"name", valid_utf8(info.name)},
                   {"path", valid_utf8(path.string())},
                   {"format", info.format},
                   {"file_bytes", info.file_bytes},
                   {"architecture", valid_utf8(info.architecture)},
                   {"parameters", info.parameters_count},
                   {"quantization", info.quantization},
                   {"tensors_count", info.tensors_count},
                   {"tensor_types", std::move(types)},
                   {"licence", valid_utf8(info.licence)},
                   {"tokenizer", valid_utf8(tokenizer_text(summary))}};
  out["packed_layout"] = nullptr;
  if (info.packed_layout != 0) out["packed_layout"] = info.packed_layout;
  out["chat_template_sha256"] = nullptr;
  if (!summary.chat_template.empty())
    out["chat_template_sha256"] = template_hash(summary.chat_template);
  out["can_run"] = summary.problem.empty();
  if (summary.problem.empty())
    out["config"] = config_json(summary.config, info, settings);
  else
    out["problem"] = valid_utf8(summary.problem);
  if (settings.flag("metadata")) {
    json::object metadata;
    for (const auto& [key, value] : summary.metadata) metadata[valid_utf8(key)] = valid_utf8(value);
    out["metadata"] = std::move(metadata);
  }
  if (settings.flag("tensors")) out["tensors"] = tensors_json(summary);
  return out;
}

}  // namespace

Result<int> show_verb(const Settings& settings) {
  const auto path = TRY(model_path(settings, settings.arguments().front()));
  const ModelSummary summary = TRY(summarize_model(path));
  if (settings.flag("chat-template")) {
    TRY(print(for_stdout(summary.chat_template)));
    return 0;
  }
  if (settings.flag("json")) {
    TRY(print_line(json::serialize(summary_json(summary, path, settings))));
    return 0;
  }
  TRY(print(table(summary_rows(summary, path, settings))));
  if (settings.flag("metadata")) TRY(print("\n" + table(summary.metadata)));
  if (settings.flag("tensors")) {
    std::vector<Row> rows;
    for (const auto& tensor : summary.tensors)
      rows.emplace_back(tensor.name, tensor.type + " " + shape_text(tensor.shape));
    TRY(print("\n" + table(rows)));
  }
  return 0;
}

}  // namespace croft::cli

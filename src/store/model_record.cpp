#include "store/model_record.h"

#include <algorithm>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <utility>

#include "base/json.h"
#include "io/atomic_file.h"
#include "io/quote_foreign.h"

namespace croft {
namespace {

constexpr std::string_view record_name = "model.json";
constexpr std::uintmax_t record_bytes_max = 64 * limits::KiB;  // ours have about 400 bytes

std::string record_path(const std::filesystem::path& folder) {
  return (folder / record_name).string();
}

std::unexpected<Error> damaged(const std::filesystem::path& folder, std::string_view what) {
  return fail(ErrorCode::Corrupt, "'" + record_path(folder) + "' " + std::string(what),
              "Remove the model (croft rm) and pull or import it again.");
}

/// A name that stays in its folder: one component, not hidden, no "..".
bool stays_in_folder(std::string_view name) {
  return !name.empty() && name.front() != '.' && name.size() <= 255 &&
         name.find('/') == std::string_view::npos && name.find('\0') == std::string_view::npos;
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

Result<std::string> required(const json::value& record, std::string_view key,
                             const std::filesystem::path& folder) {
  const auto text = find_string(record, key);
  if (!text || text->empty()) {
    return damaged(folder, "lacks the text '" + std::string(key) + "'");
  }
  return std::string(*text);
}

Result<std::string> read_text(const std::filesystem::path& folder) {
  const std::string path = record_path(folder);
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error) {
    return fail(error == std::errc::no_such_file_or_directory ? ErrorCode::NotFound : ErrorCode::Io,
                "'" + path + "' cannot be read: " + error.message());
  }
  if (size > record_bytes_max) return damaged(folder, "is larger than 64 KiB");
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorCode::Io, "'" + path + "' cannot be read", "Check its permissions.");
  return std::string{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

std::string_view to_string(ModelFormat format) {
  return format == ModelFormat::Gguf ? "gguf" : "huggingface";
}

Result<InstalledModel> read_model_record(const std::filesystem::path& folder) {
  const std::string text = TRY(read_text(folder));
  const json::value record = TRY(parse_json(text, record_path(folder)));
  InstalledModel model;
  model.name = TRY(required(record, "name", folder));
  const std::string file = TRY(required(record, "file", folder));
  const std::string format = TRY(required(record, "format", folder));
  if (!stays_in_folder(file)) {
    return damaged(folder, "names the file " + quote_foreign(file) + " outside its folder");
  }
  if (format != "gguf" && format != "huggingface") {
    return damaged(folder, "has the unknown 'format' " + quote_foreign(format));
  }
  model.path = folder / file;
  model.format = format == "gguf" ? ModelFormat::Gguf : ModelFormat::HuggingFace;
  const std::int64_t bytes = find_int(record, "bytes").value_or(0);
  model.bytes = bytes > 0 ? static_cast<std::uint64_t>(bytes) : 0;
  model.source = find_string(record, "source").value_or("");
  model.sha256 = find_string(record, "sha256").value_or("");
  model.licence = find_string(record, "licence").value_or("");
  model.installed_at = find_string(record, "installed_at").value_or("");
  if (!model.sha256.empty() && !is_sha256(model.sha256)) {
    return damaged(folder, "has a 'sha256' that is not 64 lower-case hexadecimal digits");
  }
  return model;
}

Result<void> write_model_record(const std::filesystem::path& folder, const InstalledModel& model) {
  const std::pair<std::string_view, json::value> members[] = {
      {"format_version", 1},
      {"name", json::string(model.name)},
      {"file", json::string(model.path.filename().string())},
      {"format", json::string(to_string(model.format))},
      {"bytes", model.bytes},
      {"source", json::string(model.source)},
      {"sha256", json::string(model.sha256)},
      {"licence", json::string(model.licence)},
      {"installed_at", json::string(model.installed_at)},
  };
  // One member a line: people and diff read this file too.
  std::string text = "{";
  for (const auto& [key, value] : members) {
    text += text.size() > 1 ? ",\n" : "\n";
    text += "  \"" + std::string(key) + "\": " + json::serialize(value);
  }
  return write_file_atomically(folder / record_name, text + "\n}\n");
}

}  // namespace croft

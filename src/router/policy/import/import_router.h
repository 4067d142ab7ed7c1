#pragma once
/// Turns the configuration of another router into tables for croft.toml. Nothing is dropped in
/// silence: what is not carried over is listed, and a key is never copied.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace croft {

enum class ImportFormat : std::uint8_t {
  Auto,
  LiteLlm,   ///< config.yaml of its proxy
  Lemonade,  ///< a collection.router
};

enum class ImportNoteKind : std::uint8_t {
  Dropped,   ///< not carried over
  Changed,   ///< carried over, and means something else
  ToFinish,  ///< Croft refuses the result until this is filled in
};
[[nodiscard]] std::string_view import_note_text(ImportNoteKind kind);

struct ImportNote {
  ImportNoteKind kind = ImportNoteKind::Dropped;
  std::string path;   ///< in the foreign file: model_list[0].litellm_params.rpm; never a value
  std::string place;  ///< "config.yaml:12", or the file alone
  std::string reason;
};

struct RouterImport {
  std::string_view format;  ///< "litellm" or "lemonade"
  std::string toml;
  std::vector<ImportNote> notes;
};

struct RouterImportOptions {
  ImportFormat format = ImportFormat::Auto;
  std::vector<std::string> cloud;  ///< of Lemonade: candidates that run in the cloud
};

inline constexpr std::size_t import_bytes_max = 1'048'576;

/// `file` names it in messages. Errors: InvalidArgument (neither YAML nor JSON, or nothing that can
/// be imported; file and line are named), TooLarge.
Result<RouterImport> import_router(std::string_view text, const std::string& file,
                                   const RouterImportOptions& options);

}  // namespace croft

#include "router/policy/import/import_router.h"

#include "router/policy/import/importers.h"
#include "router/policy/import/read_yaml.h"

namespace croft {
namespace {

bool looks_like_json(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '{';
}

Result<ConfigNode> read_tree(std::string_view text, const std::string& file) {
  if (text.size() > import_bytes_max)
    return fail(ErrorCode::TooLarge,
                file + " is longer than " + std::to_string(import_bytes_max) + " bytes");
  if (!looks_like_json(text)) return read_yaml(text, file);
  auto document = parse_json(text, file);
  if (document) return read_json_tree(*document, file);
  // YAML's flow style begins with a brace too; where it is none either, JSON's complaint is better.
  auto tree = read_yaml(text, file);
  return tree ? std::move(tree) : std::unexpected(std::move(document).error());
}

bool is_lemonade(const ConfigNode& root) {
  const ConfigNode* recipe = root.find("recipe");
  return root.find("routing") != nullptr ||
         (recipe != nullptr && recipe->text == "collection.router");
}

}  // namespace

std::string_view import_note_text(ImportNoteKind kind) {
  switch (kind) {
    case ImportNoteKind::Changed:
      return "changed";
    case ImportNoteKind::ToFinish:
      return "to finish";
    case ImportNoteKind::Dropped:
      break;
  }
  return "not carried over";
}

Result<RouterImport> import_router(std::string_view text, const std::string& file,
                                   const RouterImportOptions& options) {
  const ConfigNode root = TRY(read_tree(text, file));
  ImportFormat format = options.format;
  if (format == ImportFormat::Auto && is_lemonade(root)) format = ImportFormat::Lemonade;
  if (format == ImportFormat::Auto && root.find("model_list") != nullptr)
    format = ImportFormat::LiteLlm;
  if (format == ImportFormat::LiteLlm) {
    if (!options.cloud.empty())
      return fail(ErrorCode::InvalidArgument, "--cloud is for lemonade only", {}, "cloud");
    return import_litellm(root);
  }
  if (format == ImportFormat::Lemonade) return import_lemonade(root, options.cloud);
  return fail(ErrorCode::InvalidArgument,
              file + " has neither a model_list (LiteLLM) nor a routing table (Lemonade)",
              "Say what it is with --format");
}

}  // namespace croft

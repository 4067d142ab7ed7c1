#include "cli/database_access.h"

#include <filesystem>

#include "cli/model_access.h"

namespace croft::cli {

std::string database_address(const Settings& settings) {
  const std::string& given = settings.text("database");
  return given.empty() ? (models_root(settings).parent_path() / "croft.db").string() : given;
}

Result<Database> open_database(const Settings& settings) {
  if (settings.text("database") == no_database)
    return fail(ErrorCode::InvalidArgument, "--database none is for `croft serve` only",
                "Name a file or a postgres:// URL, or leave it out", "database");
  const std::string address = database_address(settings);
  if (settings.text("database").empty()) {
    std::error_code ignored;  // opening the file reports a folder that is missing
    std::filesystem::create_directories(std::filesystem::path(address).parent_path(), ignored);
  }
  return Database::open(address);
}

Result<std::optional<Database>> open_database_if_there(const Settings& settings) {
  const DatabaseAddress address = TRY(parse_database_address(database_address(settings)));
  std::error_code ignored;
  if (address.kind == DatabaseKind::Sqlite && !std::filesystem::exists(address.location, ignored))
    return std::optional<Database>{};
  Database database = TRY(Database::open(address));
  return std::optional<Database>(std::move(database));
}

}  // namespace croft::cli

#include "cli/access_setup.h"

#include <utility>

#include "cli/database_access.h"
#include "store/api_keys.h"

namespace croft::cli {

Result<std::unique_ptr<AccessService>> AccessService::start(const Settings& settings,
                                                            const ServerOptions& options) {
  if (settings.text("database") == no_database) return nullptr;
  std::unique_ptr<AccessService> service(new AccessService);
  Database budgets = TRY(open_database(settings));
  service->keeper_ = TRY(BudgetKeeper::start(std::move(budgets)));
  AccessControl::Options access{.keeper = service->keeper_};
  std::error_code ignored;
  if (std::filesystem::exists(options.key_file, ignored))
    access.file_keys = std::make_shared<const ApiKeys>(TRY(ApiKeys::load(options.key_file)));
  service->control_ = std::make_shared<AccessControl>(std::move(access));
  Database keys = TRY(open_database(settings));
  service->watch_ = TRY(AccessWatch::start(
      std::move(keys),
      [control = service->control_](std::shared_ptr<const AccessDirectory> directory) {
        control->set_directory(std::move(directory));
      }));
  return service;
}

AccessService::~AccessService() {
  if (keeper_) keeper_->close();
}

}  // namespace croft::cli

#pragma once
/// Keys with roles, limits and budgets for `croft serve`, out of the database and the key file.

#include <memory>

#include "base/error.h"
#include "cli/settings.h"
#include "server/limits/access_control.h"
#include "server/server.h"
#include "store/access/access_watch.h"

namespace croft::cli {

/// Keeps what the server asks alive; outlives it.
class AccessService {
 public:
  /// Null where there is no database. Errors: as the database; of the key file.
  static Result<std::unique_ptr<AccessService>> start(const Settings& settings,
                                                      const ServerOptions& options);
  /// What budgets still have to write is written.
  ~AccessService();
  AccessService(const AccessService&) = delete;
  AccessService& operator=(const AccessService&) = delete;

  [[nodiscard]] const std::shared_ptr<AccessControl>& control() const { return control_; }

 private:
  AccessService() = default;

  std::shared_ptr<BudgetKeeper> keeper_;
  std::shared_ptr<AccessControl> control_;
  std::unique_ptr<AccessWatch> watch_;
};

}  // namespace croft::cli

#pragma once
/// Which role may call which route: one table, which a test holds against the routes there are
/// (threats.md A6).

#include <optional>
#include <string_view>

#include "base/error.h"
#include "store/access/access_record.h"

namespace croft {

enum class RouteRight : unsigned char {
  Open,     ///< health: everybody
  Read,     ///< every key
  Ask,      ///< user and above
  Operate,  ///< operator and admin
};

/// None for a route that the table does not have: nobody may call it.
[[nodiscard]] std::optional<RouteRight> right_for(std::string_view method, std::string_view route);
[[nodiscard]] bool role_has(KeyRole role, RouteRight right);
/// Errors: Forbidden, with the role that is needed.
Result<void> check_role(KeyRole role, std::string_view method, std::string_view route);

}  // namespace croft

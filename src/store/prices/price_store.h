#pragma once
/// Price lists in the database. Every list that was ever in use stays, under its version, because
/// rows of the ledger name it: a new list changes what comes, never what was.

#include <string>
#include <vector>

#include "store/access/access_record.h"
#include "store/database/database.h"
#include "store/prices/price_list.h"

namespace croft {

struct PriceVersion {
  std::string version;
  std::string date;
  UtcMicros added = 0;
  bool active = false;
};

/// Threads: one at a time, as the database, which outlives it.
class PriceStore {
 public:
  /// Makes the tables where needed.
  static Result<PriceStore> open(Database& database);

  /// What costs are computed with now: the list that was activated last, or the built-in one.
  Result<PriceList> active();
  /// Keeps the list and makes it the active one. The same list again only activates it.
  Result<void> activate(const PriceList& list);
  /// Keeps a list that rows will name, without a change of the active one.
  Result<void> keep(const PriceList& list);
  /// Errors: NotFound; Corrupt where the text no longer has the digest of its version.
  Result<PriceList> load(std::string_view version);
  /// The newest first.
  Result<std::vector<PriceVersion>> versions();

 private:
  explicit PriceStore(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace croft

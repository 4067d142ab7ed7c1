#include "store/prices/price_store.h"

#include "store/access/access_schema.h"

namespace croft {

Result<PriceStore> PriceStore::open(Database& database) {
  TRY(prepare_access_tables(database));
  return PriceStore(database);
}

Result<PriceList> PriceStore::active() {
  const auto version = TRY(database_->query_text("SELECT version FROM croft_price_active"));
  if (!version || *version == PriceList::built_in().version()) return PriceList::built_in();
  return load(*version);
}

Result<void> PriceStore::keep(const PriceList& list) {
  TRY(
      database_->execute("INSERT INTO croft_price_list (version, digest, dated, body, added)"
                         " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (version) DO NOTHING",
                         {list.version(), list.digest(), list.date(), list.text(), utc_now()}));
  return {};
}

Result<void> PriceStore::activate(const PriceList& list) {
  Transaction transaction = TRY(database_->begin());
  TRY(keep(list));
  TRY(
      database_->execute("INSERT INTO croft_price_active (one, version) VALUES (1, ?1)"
                         " ON CONFLICT (one) DO UPDATE SET version = excluded.version",
                         {list.version()}));
  return transaction.commit();
}

Result<PriceList> PriceStore::load(std::string_view version) {
  const auto text =
      TRY(database_->query_text("SELECT body FROM croft_price_list WHERE version = ?1", {version}));
  if (!text) {
    if (version == PriceList::built_in().version()) return PriceList::built_in();
    return fail(ErrorCode::NotFound, "there is no price list " + std::string(version.substr(0, 64)),
                "`croft prices list --versions` shows all");
  }
  PriceList list = TRY(PriceList::parse(*text, "price list " + std::string(version)));
  if (list.version() != version)
    return fail(ErrorCode::Corrupt,
                "the price list " + std::string(version) +
                    " in the database was changed: its text is that of " + list.version(),
                "Costs computed with it can no longer be checked; restore the database");
  return list;
}

Result<std::vector<PriceVersion>> PriceStore::versions() {
  const auto active = TRY(database_->query_text("SELECT version FROM croft_price_active"));
  const std::string current = active.value_or(PriceList::built_in().version());
  std::vector<PriceVersion> found;
  bool has_built_in = false;
  const RowReader read_row = [&](const Row& row) -> Result<void> {
    PriceVersion each;
    each.version = TRY(row.text(0));
    each.date = TRY(row.text(1));
    each.added = TRY(row.int64(2));
    each.active = each.version == current;
    has_built_in = has_built_in || each.version == PriceList::built_in().version();
    found.push_back(std::move(each));
    return {};
  };
  TRY(database_->query(
      "SELECT version, dated, added FROM croft_price_list ORDER BY added DESC, version", {},
      read_row));
  if (!has_built_in) {
    const PriceList& list = PriceList::built_in();
    found.push_back({.version = list.version(),
                     .date = list.date(),
                     .added = 0,
                     .active = list.version() == current});
  }
  return found;
}

}  // namespace croft

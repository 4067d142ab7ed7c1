#pragma once
/// The columns of the ledger, in the order in which they are stored, hashed and exported.

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "store/database/connection.h"
#include "store/ledger/ledger_row.h"

namespace croft {

enum class LedgerColumnKind : std::uint8_t { Text, Integer, OptionalInteger };
struct LedgerColumn {
  std::string_view name;
  LedgerColumnKind kind;
};

/// Of rows of this version. A later version adds columns at the end, and keeps these.
inline constexpr std::int64_t ledger_row_version = 1;
inline constexpr std::size_t ledger_column_count = 42;
[[nodiscard]] std::span<const LedgerColumn, ledger_column_count> ledger_columns();
/// Where a column stands; the name must be one.
[[nodiscard]] std::size_t ledger_column_index(std::string_view name);

/// A row's values in the order of the columns; they borrow the row.
using LedgerValues = std::array<SqlParameter, ledger_column_count>;
[[nodiscard]] LedgerValues ledger_values(const LedgerRow& row);
/// From a row of the database whose column `first` is the first of ours; they borrow that row.
/// Errors: Corrupt (a value of the wrong type).
Result<LedgerValues> ledger_values(const Row& row, int first);
/// Errors: Corrupt (a kind, state or flag that no row can have).
Result<LedgerRow> ledger_row(const LedgerValues& values);

}  // namespace croft

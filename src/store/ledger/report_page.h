#pragma once
/// The ledger on one page for people: a single HTML file that asks nobody for anything.

#include <array>
#include <string>

#include "store/ledger/ledger_summary.h"

namespace croft {

/// What the page needs of summarise_ledger, in this order.
inline constexpr std::array<LedgerGrouping, 6> report_groupings = {
    LedgerGrouping::Day,  LedgerGrouping::Route, LedgerGrouping::Model,
    LedgerGrouping::Team, LedgerGrouping::Key,   LedgerGrouping::Privacy};

/// No scripts, no outside addresses; the page's own policy forbids them, too. The same summary,
/// head and time give the same bytes.
[[nodiscard]] std::string ledger_report(const LedgerSummary& summary, const LedgerHead& head,
                                        std::int64_t made_us);

}  // namespace croft

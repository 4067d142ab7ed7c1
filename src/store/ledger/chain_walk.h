#pragma once
/// Follows the chain row by row and tells apart what was changed: content, hashes, order. For
/// ledger/ only.

#include <functional>
#include <optional>
#include <vector>

#include "store/ledger/ledger_verify.h"

namespace croft {

class ChainWalk {
 public:
  using Report = std::function<void(LedgerFinding)>;
  ChainWalk(const LedgerHash& genesis, Report report)
      : report_(std::move(report)), previous_(genesis) {}

  /// The next row that the table has; nullopt stands for what could not be read. Numbers ascend.
  void row(std::int64_t seq, const std::string& id, const std::optional<LedgerHash>& content_now,
           const std::optional<LedgerHash>& content_stored, const std::optional<LedgerHash>& hash);
  /// Says of the rows that do not follow whether they were moved. `end`: the last row's hash, as
  /// the head has it.
  void finish(const std::optional<LedgerHash>& end);

  [[nodiscard]] std::int64_t last_seq() const { return last_seq_; }
  /// Whether the last row's hash may be `hash`: as stored, or as computed.
  [[nodiscard]] bool may_end_with(const LedgerHash& hash) const {
    return hash == previous_ || hash == previous_computed_;
  }

 private:
  struct Misfit {
    std::int64_t seq = 0;
    std::string id;
    LedgerHash content{};
    LedgerHash hash{};
    LedgerHash before{};
  };
  void gap(std::int64_t seq);

  Report report_;
  std::int64_t last_seq_ = 0;
  LedgerHash previous_{};
  std::optional<LedgerHash> previous_computed_;  ///< where it differs from what is stored
  bool previous_known_ = true;                   ///< false after a gap or an unreadable hash
  std::vector<Misfit> misfits_;
};

}  // namespace croft

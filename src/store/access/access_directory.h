#pragma once
/// All keys and teams at one moment, to be asked by every request: one hash, one look-up, no
/// database. Immutable: a new one replaces it.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "store/access/access_record.h"
#include "store/access/access_store.h"

namespace croft {

class AccessDirectory {
 public:
  struct Entry {
    KeyRecord key;
    std::optional<TeamRecord> team;
  };

  /// Errors: as the store.
  static Result<std::shared_ptr<const AccessDirectory>> load(AccessStore& store);
  AccessDirectory(std::array<std::uint8_t, 32> pepper, std::vector<KeyRecord> keys,
                  const std::vector<TeamRecord>& teams, std::int64_t generation);

  /// The entry of a presented key; null where it is none of ours or is deleted. Where a key is
  /// found depends on its hash, which nobody without the pepper can choose or foresee; the hashes
  /// are then compared whole in constant time, also where nothing was found.
  [[nodiscard]] const Entry* find(std::string_view presented) const;

  [[nodiscard]] std::int64_t generation() const { return generation_; }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  std::array<std::uint8_t, 32> pepper_;
  std::int64_t generation_;
  std::vector<Entry> entries_;
  std::unordered_multimap<std::uint64_t, std::size_t> by_hash_;  ///< by the hash's first bytes
};

}  // namespace croft

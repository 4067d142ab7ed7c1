#include "store/access/access_directory.h"

#include <cstring>
#include <utility>

#include "store/key_secret.h"

namespace croft {
namespace {

// Keys of ours have 52 bytes; nobody needs a hash of megabytes to hear no.
constexpr std::size_t presented_bytes_max = 256;

std::uint64_t first_bytes(const KeyHash& hash) {
  std::uint64_t value = 0;
  std::memcpy(&value, hash.data(), sizeof value);
  return value;
}

}  // namespace

AccessDirectory::AccessDirectory(std::array<std::uint8_t, 32> pepper, std::vector<KeyRecord> keys,
                                 const std::vector<TeamRecord>& teams, std::int64_t generation)
    : pepper_(pepper), generation_(generation) {
  std::map<std::string_view, const TeamRecord*> by_id;
  for (const TeamRecord& team : teams) by_id.emplace(team.id, &team);
  for (KeyRecord& key : keys) {
    if (key.deleted) continue;
    Entry entry{.key = std::move(key), .team = {}};
    if (const auto team = by_id.find(entry.key.team); team != by_id.end())
      entry.team = *team->second;
    by_hash_.emplace(first_bytes(entry.key.hash), entries_.size());
    entries_.push_back(std::move(entry));
  }
}

Result<std::shared_ptr<const AccessDirectory>> AccessDirectory::load(AccessStore& store) {
  // The generation first: a change in between is seen by the next look.
  const std::int64_t generation = TRY(store.generation());
  const auto pepper = TRY(store.pepper());
  const std::vector<TeamRecord> teams = TRY(store.teams(true));
  std::vector<KeyRecord> keys = TRY(store.keys());
  return std::make_shared<const AccessDirectory>(pepper, std::move(keys), teams, generation);
}

const AccessDirectory::Entry* AccessDirectory::find(std::string_view presented) const {
  if (presented.empty() || presented.size() > presented_bytes_max) return nullptr;
  const KeyHash hash = hash_api_key(presented, pepper_);
  const Entry* found = nullptr;
  bool compared = false;
  const auto [begin, end] = by_hash_.equal_range(first_bytes(hash));
  for (auto each = begin; each != end; ++each) {
    compared = true;
    const Entry& entry = entries_[each->second];
    if (equal_in_constant_time(hash, entry.key.hash)) found = &entry;
  }
  if (!compared) static_cast<void>(equal_in_constant_time(hash, pepper_));
  return found;
}

}  // namespace croft

#include "store/ledger/chain_walk.h"

#include <algorithm>

namespace croft {
namespace {

// Each is compared with each other one's place: enough for rows that were swapped, and few.
constexpr std::size_t misfits_max = 32;

std::string span_text(std::int64_t first, std::int64_t last) {
  if (first == last) return "row " + std::to_string(first) + " is missing";
  return "rows " + std::to_string(first) + " to " + std::to_string(last) + " are missing";
}

}  // namespace

void ChainWalk::gap(std::int64_t seq) {
  report_({.kind = FindingKind::MissingRows,
           .seq = last_seq_ + 1,
           .id = {},
           .what = span_text(last_seq_ + 1, seq - 1)});
  previous_known_ = false;
}

void ChainWalk::row(std::int64_t seq, const std::string& id,
                    const std::optional<LedgerHash>& content_now,
                    const std::optional<LedgerHash>& content_stored,
                    const std::optional<LedgerHash>& hash) {
  if (seq < 1) {
    report_({FindingKind::ForeignRows, seq, id, "rows are numbered from 1"});
    return;
  }
  if (seq != last_seq_ + 1) gap(seq);
  last_seq_ = seq;
  if (!hash || (!content_now && !content_stored)) {
    report_({FindingKind::UnreadableRow, seq, id, "its hashes cannot be read"});
    if (hash) previous_ = *hash;
    previous_known_ = hash.has_value();
    previous_computed_.reset();
    return;
  }
  // Which content does the chain vouch for: the fields as they are, or as their hash says?
  std::vector<LedgerHash> befores = {previous_};
  if (previous_computed_) befores.push_back(*previous_computed_);
  const auto follows = [&](const std::optional<LedgerHash>& content) {
    return content && std::ranges::any_of(befores, [&](const LedgerHash& before) {
             return chain_hash(before, seq, *content) == *hash;
           });
  };
  const bool same_content = content_now && content_stored && *content_now == *content_stored;
  const bool fields_follow = follows(content_now);
  const bool stored_follows = same_content ? fields_follow : follows(content_stored);
  const LedgerHash& content = content_stored && stored_follows ? *content_stored
                              : content_now                    ? *content_now
                                                               : *content_stored;
  std::optional<LedgerHash> computed;
  if (!same_content && content_now) {
    if (fields_follow)
      report_({FindingKind::ChangedHash, seq, id,
               "its content hash was changed; its fields are as they were written"});
    else
      report_({FindingKind::ChangedContent, seq, id,
               "its fields are not those that it was written with (content hash)"});
  } else if (!content_now) {
    report_({FindingKind::UnreadableRow, seq, id,
             "a field holds a value of the wrong type, or its version is not known"});
  }
  if (!fields_follow && !stored_follows && previous_known_) {
    computed = chain_hash(previous_, seq, content);
    if (misfits_.size() < misfits_max)
      misfits_.push_back({seq, id, content, *hash, previous_});
    else
      report_({FindingKind::BrokenLink, seq, id, "it does not follow the row before it"});
  } else if (!misfits_.empty() && misfits_.back().seq == seq - 1 && previous_computed_ &&
             chain_hash(*previous_computed_, seq, content) == *hash) {
    // The row before is good, and this one was written after it: only its hash was changed.
    const Misfit changed = misfits_.back();
    misfits_.pop_back();
    report_({FindingKind::ChangedHash, changed.seq, changed.id,
             "its chain hash was changed; the rows around it follow each other without it"});
  }
  previous_ = *hash;
  previous_computed_ = computed;
  previous_known_ = true;
}

void ChainWalk::finish(const std::optional<LedgerHash>& end) {
  if (!misfits_.empty() && misfits_.back().seq == last_seq_ && end && end == previous_computed_) {
    const Misfit changed = misfits_.back();
    misfits_.pop_back();
    report_({FindingKind::ChangedHash, changed.seq, changed.id,
             "its chain hash was changed; the head has the one that it was written with"});
  }
  const auto fits = [this](const Misfit& misfit, const Misfit& place) {
    // The row before that place: as it is now, or one of those that were moved.
    return chain_hash(place.before, place.seq, misfit.content) == misfit.hash ||
           std::ranges::any_of(misfits_, [&](const Misfit& other) {
             return chain_hash(other.hash, place.seq, misfit.content) == misfit.hash;
           });
  };
  for (const Misfit& misfit : misfits_) {
    // In its place: only the row before it was moved.
    if (fits(misfit, misfit)) continue;
    const auto place =
        std::ranges::find_if(misfits_, [&](const Misfit& other) { return fits(misfit, other); });
    if (place != misfits_.end())
      report_({FindingKind::MovedRow, misfit.seq, misfit.id,
               "it was written as row " + std::to_string(place->seq)});
    else
      report_({FindingKind::BrokenLink, misfit.seq, misfit.id,
               "it does not follow the row before it (chain hash)"});
  }
  misfits_.clear();
}

}  // namespace croft

#include <algorithm>
#include <map>
#include <tuple>

#include "router/privacy/scan.h"

namespace croft::privacy {
namespace {

using Iterator = std::vector<Finding>::iterator;

bool overlap(const Finding& a, const Finding& b) {
  return a.start < b.end && b.start < a.end;
}

bool stronger(const Finding& a, const Finding& b) {
  const auto rank = [](const Finding& finding) {
    return std::tuple(is_secret(finding.type), finding.score, finding.end - finding.start,
                      ~finding.start, finding.type);
  };
  return rank(a) > rank(b);
}

/// What is around a secret tells how to use it: "https://host/?key=" goes with the key.
void absorb(Finding& winner, const Finding& loser) {
  const bool holds = loser.start <= winner.start && winner.end <= loser.end;
  const bool is_frame = loser.type == EntityType::Url || is_secret(loser.type);
  if (!is_secret(winner.type) || !holds || !is_frame) return;
  winner.start = loser.start;
  winner.end = loser.end;
}

/// Keeps the strongest first. Quadratic, for the few findings that meet in ordinary text.
Iterator resolve_small(Iterator begin, Iterator end) {
  std::sort(begin, end, stronger);
  Iterator kept = begin;
  for (Iterator each = begin; each != end; ++each) {
    const Finding candidate = *each;
    bool wins = true;
    for (Iterator other = begin; other != kept; ++other)
      if (overlap(*other, candidate)) {
        absorb(*other, candidate);
        wins = false;
      }
    if (wins) *kept++ = candidate;
  }
  std::sort(begin, kept, [](const Finding& a, const Finding& b) { return a.start < b.start; });
  // Two winners may have grown into each other.
  Iterator last = begin;
  for (Iterator each = begin; each != kept; ++each) {
    if (each == begin) continue;
    if (overlap(*last, *each)) {
      if (stronger(*each, *last)) last->type = each->type;
      last->end = std::max(last->end, each->end);
      continue;
    }
    *++last = *each;
  }
  return begin == kept ? begin : last + 1;
}

/// The same for long chains, in n log n steps: rows of numbers, and hostile text where everything
/// meets everything. Frames are not absorbed.
Iterator resolve_large(Iterator begin, Iterator end) {
  std::sort(begin, end, stronger);
  std::map<std::size_t, std::size_t> taken;  // start, end
  const Iterator kept = std::remove_if(begin, end, [&](const Finding& finding) {
    const auto next = taken.lower_bound(finding.start);
    if (next != taken.end() && next->first < finding.end) return true;
    if (next != taken.begin() && std::prev(next)->second > finding.start) return true;
    taken.emplace_hint(next, finding.start, finding.end);
    return false;
  });
  std::sort(begin, kept, [](const Finding& a, const Finding& b) { return a.start < b.start; });
  return kept;
}

}  // namespace

void resolve_overlaps(std::vector<Finding>& findings) {
  constexpr std::ptrdiff_t kSmall = 64;
  std::sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) {
    return std::tuple(a.start, b.end) < std::tuple(b.start, a.end);
  });
  Iterator kept = findings.begin();
  for (Iterator begin = findings.begin(); begin != findings.end();) {
    Iterator end = begin + 1;
    for (std::size_t reach = begin->end; end != findings.end() && end->start < reach; ++end)
      reach = std::max(reach, end->end);
    const Iterator resolved =
        end - begin <= kSmall ? resolve_small(begin, end) : resolve_large(begin, end);
    kept = std::move(begin, resolved, kept);
    begin = end;
  }
  findings.erase(kept, findings.end());
}

}  // namespace croft::privacy

#include "router/privacy/pseudonyms/pseudonymise.h"

#include <algorithm>
#include <map>

#include "router/privacy/characters.h"
#include "router/privacy/pseudonyms/body_texts.h"
#include "router/privacy/pseudonyms/value_parts.h"

namespace croft::privacy {
namespace {

constexpr int kRoundsMax = 3;
constexpr char kMask = '\x1A';  // no letter, digit or space: nothing is found across it

struct Span {
  std::size_t begin;
  std::size_t end;
};

/// A text on its way.
struct State {
  BodyText origin;
  std::string text;        ///< now
  std::vector<Span> ours;  ///< surrogates in it
  bool is_json = false;
};

/// A finding in a reading of a text.
struct Found {
  std::size_t state;
  std::size_t reading;
  std::size_t begin;  ///< in the reading's text
  std::size_t end;
  EntityType type;
};

std::unexpected<Error> refusal(std::string why) {
  return fail(ErrorCode::Forbidden, "the request must not leave this machine: " + std::move(why),
              "Ask a local model, or take out what is named");
}

class Pseudonymiser {
 public:
  Pseudonymiser(const json::object& body, const EntitySet& types, const ScanLimits& limits,
                FindScratch& scratch, PseudonymMap& map)
      : body_(body),
        types_(types),
        limits_(limits),
        // It looks more than once.
        deadline_(Clock::now() + 4 * limits.time_max),
        scratch_(scratch),
        map_(map) {
    for (BodyText& text : texts_of(body)) {
      State state;
      state.text = text.text;
      state.is_json = is_json_container(text.text);
      state.origin = std::move(text);
      states_.push_back(std::move(state));
    }
  }

  Result<json::object> run() {
    std::string left;
    for (int round = 0; round < kRoundsMax; ++round) {
      if (Result<void> done = replace_found(round == 0); !done)
        return std::unexpected(done.error());
      const Sensitivity rest = scan_request(masked_body(), types_, limits_, scratch_);
      if (rest.verdict == Verdict::Unknown) return refusal(rest.unknown_reason);
      left = rest.summary();
      if (left.empty()) return finished();
    }
    return refusal("no surrogate could be put in place of " + left);
  }

 private:
  Result<void> replace_found(bool by_values) {
    std::vector<std::vector<Reading>> readings;
    std::vector<Found> found;
    for (std::size_t i = 0; i < states_.size(); ++i) {
      readings.push_back(readings_of(masked(states_[i]), states_[i].origin.name, by_values));
      for (std::size_t r = 0; r < readings[i].size(); ++r)
        if (!find_in(readings[i][r], i, r, found))
          return refusal("looking through it took too long");
    }
    if (!map_.assign(deadline_)) return refusal("finding surrogates for it took too long");
    std::size_t at = 0;
    for (std::size_t i = 0; i < states_.size(); ++i) {
      const std::size_t first = at;
      while (at < found.size() && found[at].state == i) ++at;
      const std::span<const Found> own(found.data() + first, at - first);
      TRY(replace_in(states_[i], readings[i], own));
      if (i % 64 == 63 && Clock::now() > deadline_)
        return refusal("replacing what it holds took too long");
    }
    return {};
  }

  /// False: the time is over.
  bool find_in(const Reading& reading, std::size_t state, std::size_t number,
               std::vector<Found>& found) {
    map_.avoid(reading.text);
    const TextRole role = states_[state].origin.role;
    scratch_.without_names =
        ((role == TextRole::Member || role == TextRole::Name) && is_program_word(reading.text)) ||
        (reading.depth > 0 && !states_[state].is_json);
    const auto findings = find_entities_until(reading.text, deadline_, scratch_);
    scratch_.without_names = false;
    if (!findings) return false;
    for (const Finding& finding : *findings) {
      if (finding.end <= reading.prefix) continue;
      if (!is_wanted(finding, reading, types_)) continue;
      each_line(reading.text, std::max(finding.start, reading.prefix), finding.end,
                [&](std::size_t line, std::size_t line_end) {
                  const auto [begin, end] = reading.at_borders(line, line_end);
                  if (begin >= end) return;
                  found.push_back({state, number, begin, end, finding.type});
                  if (states_[state].origin.role != TextRole::Name)
                    map_.note(finding.type,
                              std::string_view(reading.text).substr(begin, end - begin));
                });
    }
    return true;
  }

  Result<void> replace_in(State& state, const std::vector<Reading>& readings,
                          std::span<const Found> found) {
    if (state.origin.role == TextRole::Name) {
      replace_name(state, readings, found);
      return {};
    }
    std::map<std::size_t, Replacement> places;
    const auto add = [&](const Reading& reading, std::size_t begin, std::size_t end,
                         const std::string& with) {
      const Reading::Range range = reading.in_source(begin, end);
      if (range.begin >= range.end || overlaps(places, range.begin, range.end)) return;
      const auto [first, last] = reading.at_borders(begin, end);
      if (first != begin || last != end) return;
      // Where no escape is undone none was there, though the text holds some elsewhere.
      const bool escaped =
          state.is_json ||
          std::string_view(state.text).substr(range.begin, range.end - range.begin).contains('\\');
      std::string text = escaped ? json_escaped(with, reading.depth) : with;
      if (reading.is_number && !is_json_number(text)) text = '"' + text + '"';
      places.emplace(range.begin, Replacement{range.end, std::move(text)});
    };
    for (const Span& each : state.ours)
      places.emplace(each.begin,
                     Replacement{each.end, state.text.substr(each.begin, each.end - each.begin)});
    for (const Found& each : found) {
      const Reading& reading = readings[each.reading];
      const std::string value = reading.text.substr(each.begin, each.end - each.begin);
      if (const std::string* with = map_.find(entity_name(each.type), value))
        add(reading, each.begin, each.end, *with);
    }
    std::vector<PseudonymMap::Known> known;
    for (const Reading& reading : readings) {
      map_.find_known(reading.text, known);
      for (const PseudonymMap::Known& each : known)
        if (each.start >= reading.prefix &&
            !grows_together(reading.text, each.start, each.end, each.surrogate))
          add(reading, each.start, each.end, each.surrogate);
    }
    if (places.size() == state.ours.size()) return {};
    apply(state, places);
    if (state.is_json && !is_json_container(state.text))
      return refusal("surrogates would break the JSON in it");
    return {};
  }

  /// Whether a surrogate would make one word with what stands beside the value, which does not: in
  /// "0100invoice" the number of an address is none, and "Laneinvoice" could not be undone.
  static bool grows_together(std::string_view text, std::size_t begin, std::size_t end,
                             std::string_view surrogate) {
    const auto one_word = [](char a, char b) {
      return is(a, kWord) && is(b, kWord) && is(a, kDigit) == is(b, kDigit);
    };
    return (end < text.size() && one_word(surrogate.back(), text[end]) &&
            !one_word(text[end - 1], text[end])) ||
           (begin > 0 && one_word(text[begin - 1], surrogate.front()) &&
            !one_word(text[begin - 1], text[begin]));
  }

  /// Where a surrogate goes.
  struct Replacement {
    std::size_t end;
    std::string text;
  };

  static bool overlaps(const std::map<std::size_t, Replacement>& places, std::size_t begin,
                       std::size_t end) {
    const auto next = places.lower_bound(begin);
    if (next != places.end() && next->first < end) return true;
    return next != places.begin() && std::prev(next)->second.end > begin;
  }

  static void apply(State& state, const std::map<std::size_t, Replacement>& places) {
    std::string out;
    std::vector<Span> ours;
    std::size_t copied = 0;
    for (const auto& [begin, replacement] : places) {
      out.append(state.text, copied, begin - copied);
      ours.push_back({out.size(), out.size() + replacement.text.size()});
      out += replacement.text;
      copied = replacement.end;
    }
    out.append(state.text, copied);
    state.text = std::move(out);
    state.ours = std::move(ours);
  }

  /// A restricted name goes as a whole.
  void replace_name(State& state, const std::vector<Reading>& readings,
                    std::span<const Found> found) {
    if (!state.ours.empty()) return;
    const bool has_secret =
        std::ranges::any_of(found, [](const Found& each) { return is_secret(each.type); });
    bool is_personal = !found.empty();
    std::vector<PseudonymMap::Known> known;
    for (const Reading& reading : readings) {
      if (is_personal) break;
      map_.find_known(reading.text, known);
      is_personal = !known.empty();
    }
    if (!is_personal) return;
    const std::string value = state.text;
    if (has_secret) {
      state.text = "redacted";
    } else {
      map_.note(SurrogateKind::Identifier, "NAME", value);
      (void)map_.assign();  // without a deadline it never fails
      state.text = *map_.find("NAME", value);
    }
    state.ours = {{0, state.text.size()}};
  }

  /// A text without our surrogates, as long as with them.
  static std::string masked(const State& state) {
    std::string text = state.text;
    for (const Span& each : state.ours)
      std::fill(text.begin() + static_cast<std::ptrdiff_t>(each.begin),
                text.begin() + static_cast<std::ptrdiff_t>(each.end), kMask);
    return text;
  }

  json::object masked_body() const {
    std::vector<std::string> texts;
    for (const State& state : states_) {
      texts.push_back(masked(state));
      // Names of one object must stay apart.
      if (state.origin.role == TextRole::Member && !state.ours.empty())
        texts.back() += " " + std::to_string(texts.size());
    }
    return with_texts(body_, texts);
  }

  json::object finished() const {
    std::vector<std::string> texts;
    for (const State& state : states_) texts.push_back(state.text);
    return with_texts(body_, texts);
  }

  const json::object& body_;
  EntitySet types_;
  ScanLimits limits_;
  Clock::time_point deadline_;
  FindScratch& scratch_;
  PseudonymMap& map_;
  std::vector<State> states_;
};

}  // namespace

Result<json::object> pseudonymise(const json::object& body, const EntitySet& types,
                                  const ScanLimits& limits, FindScratch& scratch,
                                  PseudonymMap& map) {
  // What goes wrong inside (memory, a bug) keeps the request here.
  try {
    return Pseudonymiser(body, types, limits, scratch, map).run();
  } catch (const std::exception&) {
    return refusal("looking through it failed");
  }
}

}  // namespace croft::privacy

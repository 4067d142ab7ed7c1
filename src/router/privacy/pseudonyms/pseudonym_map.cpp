#include "router/privacy/pseudonyms/pseudonym_map.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "router/privacy/characters.h"
#include "router/privacy/pseudonyms/surrogate_dates.h"
#include "router/privacy/pseudonyms/surrogate_names.h"
#include "router/privacy/pseudonyms/surrogate_net.h"
#include "router/privacy/pseudonyms/surrogate_numbers.h"
#include "router/privacy/pseudonyms/value_parts.h"

namespace croft::privacy {
namespace {

constexpr std::size_t kAttemptsMax = 64;
constexpr int kWeeksMax = 250;  // dates move by up to five years

std::uint64_t hash_of(std::string_view word) {
  return std::hash<std::string_view>{}(word);
}

bool is_number_kind(SurrogateKind kind) {
  using enum SurrogateKind;
  return kind == Phone || kind == Card || kind == Iban || kind == UsSsn || kind == UsItin ||
         kind == UkNino || kind == UkNhs || kind == Code;
}

/// Values with one of these are the same person's, number's and so on.
std::string normal_of(SurrogateKind kind, std::string_view value) {
  if (kind == SurrogateKind::Secret || kind == SurrogateKind::Crypto) return std::string(value);
  return is_number_kind(kind) ? without_separators(value) : folded(value);
}

}  // namespace

std::string PseudonymMap::place(std::string_view type_name, std::string_view value) {
  return std::string(type_name) + '\n' + std::string(value);
}

void PseudonymMap::note(EntityType type, std::string_view value) {
  note(surrogate_kind(type), entity_name(type), value);
}

void PseudonymMap::note(SurrogateKind kind, std::string_view type_name, std::string_view value) {
  if (value.empty()) return;
  const auto [at, is_new] = places_.try_emplace(place(type_name, value), pseudonyms_.size());
  if (!is_new) return;
  waiting_.push_back(pseudonyms_.size());
  pseudonyms_.push_back({.kind = kind,
                         .type_name = std::string(type_name),
                         .value = std::string(value),
                         .surrogate = {}});
}

void PseudonymMap::avoid(std::string_view text) {
  each_word(text, [&](std::string_view word) {
    words_.insert(hash_of(word));
    // Signs and scripts without spaces are no letters to whoever puts values back: in a word that
    // begins with a picture there is another.
    each_latin_run(word, [&](std::string_view run) {
      if (run.size() != word.size()) words_.insert(hash_of(run));
    });
  });
  each_joined_word(text, [&](std::string_view part) { words_.insert(hash_of(part)); });
  each_run(text, [&](std::string_view run) { words_.insert(hash_of(run)); });
}

bool PseudonymMap::assign(Clock::time_point deadline) {
  // Whole names first, then their parts alone, so that these know which part they are.
  const auto words = [&](std::size_t index) {
    const Pseudonym& each = pseudonyms_[index];
    return each.kind == SurrogateKind::Person ? name_parts(each.value).size() : 0;
  };
  std::ranges::sort(waiting_, [&](std::size_t a, std::size_t b) {
    return std::pair(words(b), a) < std::pair(words(a), b);
  });
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    if (i % 64 == 63 && Clock::now() > deadline) return false;
    assign_one(waiting_[i]);
  }
  known_is_stale_ = known_is_stale_ || !waiting_.empty();
  waiting_.clear();
  return true;
}

Draw PseudonymMap::draw(std::string_view what, std::string_view normal, std::size_t attempt) const {
  const std::string number = std::to_string(attempt);
  const std::array<std::string_view, 3> texts = {what, normal, number};
  return Draw(keyed_digest(key_, texts));
}

void PseudonymMap::assign_one(std::size_t index) {
  const SurrogateKind kind = pseudonyms_[index].kind;
  if (kind == SurrogateKind::Secret) {
    pseudonyms_[index].surrogate = "[" + pseudonyms_[index].type_name + "]";
    return;
  }
  const std::string normal =
      place(pseudonyms_[index].type_name, normal_of(kind, pseudonyms_[index].value));
  if (const auto same = normals_.find(normal); same != normals_.end()) {
    // Another spelling of a value that has a surrogate: the same one, in the same spelling.
    const Pseudonym& first = pseudonyms_[same->second];
    std::string spelled = spelled_as(first.surrogate, first.value, pseudonyms_[index].value);
    if (!spelled.empty()) return take(pseudonyms_[index], std::move(spelled));
  }
  if (kind == SurrogateKind::Person && assign_single_name(index)) return;
  for (std::size_t attempt = 0; attempt < kAttemptsMax; ++attempt) {
    // A copy, because parts of names join the list on the way.
    std::optional<std::string> candidate = drawn(Pseudonym(pseudonyms_[index]), attempt);
    if (!candidate) break;
    if (!is_free(pseudonyms_[index], *candidate)) continue;
    normals_.try_emplace(normal, index);
    take(pseudonyms_[index], *std::move(candidate));
    if (kind == SurrogateKind::Person) add_initial_alias(Pseudonym(pseudonyms_[index]));
    return;
  }
  take(pseudonyms_[index], token(pseudonyms_[index]));
}

/// One name alone is the same as that part of a longer one.
bool PseudonymMap::assign_single_name(std::size_t index) {
  const std::string value = pseudonyms_[index].value;
  const std::vector<NamePart> parts = name_parts(value);
  if (parts.size() != 1 || parts.front().role != NameRole::Name || parts.front().start != 0 ||
      parts.front().end != value.size())
    return false;
  std::string name = name_part(value, false);
  if (name.starts_with('<')) return false;
  const Pseudonym& part = pseudonyms_[parts_.at(folded(value))];
  if (part.value == value) {
    pseudonyms_[index].surrogate = std::move(name);
    return true;
  }
  if (surrogates_.contains(name)) return false;
  take(pseudonyms_[index], std::move(name));
  return true;
}

/// A spelling of `surrogate` that nobody has; empty where case does not tell the two apart.
std::string PseudonymMap::spelled_as(const std::string& surrogate, const std::string& first_value,
                                     std::string_view value) const {
  const CaseStyle style = case_style(value);
  if (with_case(first_value, style) != value) return {};
  std::string spelled = with_case(surrogate, style);
  return surrogates_.contains(spelled) ? std::string() : spelled;
}

std::optional<std::string> PseudonymMap::drawn(const Pseudonym& pseudonym, std::size_t attempt) {
  using enum SurrogateKind;
  const std::string& value = pseudonym.value;
  if (pseudonym.kind == Person) {
    std::string name = person(value, attempt);
    return name.empty() ? std::nullopt : std::optional(std::move(name));
  }
  if (pseudonym.kind == Date) {
    Draw weeks = draw("weeks", {}, 0);
    const int sign = weeks.below(2) == 0 ? 1 : -1;
    const int count = 8 + static_cast<int>(weeks.below(kWeeksMax)) + static_cast<int>(attempt);
    return shifted_date(value, 7 * sign * count);
  }
  Draw random = draw(pseudonym.type_name, normal_of(pseudonym.kind, value), attempt);
  const CaseStyle style = case_style(value);
  const auto styled = [&](std::string name) {
    return style == CaseStyle::Upper || style == CaseStyle::Lower ? with_case(name, style) : name;
  };
  switch (pseudonym.kind) {
    case Place:
      return styled(place_name(random));
    case Street:
      return styled(street_address(value, random));
    case Organization:
      return styled(organization_name(value, random));
    case Email: {
      std::string address = surrogate_email(email_local(value, attempt, random), random);
      return style == CaseStyle::Upper ? with_case(address, style) : address;
    }
    case Ip:
      return surrogate_ip(value, random);
    case Mac:
      return surrogate_mac(value, random);
    case Url:
      return surrogate_url(value, random);
    case Domain:
      return surrogate_domain(random);
    case Identifier: {
      std::string name = "id_";
      for (int i = 0; i < 10; ++i) name += "abcdefghijklmnopqrstuvwxyz234567"[random.below(32)];
      return name;
    }
    case Token:
      return std::nullopt;
    default:
      return surrogate_number(pseudonym.kind, value, random);
  }
}

/// Word by word, empty where none is a name: titles and separators stay, parts that are known keep
/// their surrogate.
std::string PseudonymMap::person(std::string_view value, std::size_t attempt) {
  const std::vector<NamePart> parts = name_parts(value);
  std::size_t last = parts.size();
  std::size_t names = 0;
  bool has_title = false;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    has_title = has_title || parts[i].role == NameRole::Title;
    if (parts[i].role != NameRole::Name) continue;
    last = i;
    ++names;
  }
  if (names == 0) return {};
  std::string out;
  std::size_t copied = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const NamePart& part = parts[i];
    const std::string_view text = value.substr(part.start, part.end - part.start);
    std::string fresh(text);
    if (part.role == NameRole::Initial) {
      Draw random = draw("initial", folded(text), attempt);
      fresh = std::string(1, static_cast<char>('A' + random.below(26)));
      if (fresh == text)
        fresh = fresh == "Z" ? "A" : std::string(1, static_cast<char>(fresh[0] + 1));
    } else if (part.role == NameRole::Name) {
      fresh = name_part(text, i == last && (names > 1 || has_title));
      // Another spelling of a known name whose surrogate does not follow it.
      if (attempt > 0 && i == last) {
        Draw random = draw("again", folded(value), attempt);
        fresh = with_case(family_name(random), case_style(text));
      }
    }
    out += value.substr(copied, part.start - copied);
    out += fresh;
    copied = part.end;
  }
  return out + std::string(value.substr(copied));
}

/// The surrogate of one name of a person, in the case of `part`.
std::string PseudonymMap::name_part(std::string_view part, bool is_family) {
  const std::string normal = folded(part);
  const CaseStyle style = case_style(part);
  const bool flat = style == CaseStyle::Upper || style == CaseStyle::Lower;
  if (const auto known = parts_.find(normal); known != parts_.end()) {
    const std::string title = with_case(pseudonyms_[known->second].surrogate, CaseStyle::Title);
    return flat ? with_case(title, style) : title;
  }
  Pseudonym fresh{.kind = SurrogateKind::Person,
                  .type_name = "PERSON part",
                  .value = std::string(part),
                  .surrogate = {},
                  .is_part = true,
                  .is_family = is_family};
  std::string name;
  for (std::size_t attempt = 0; attempt < kAttemptsMax; ++attempt) {
    Draw random = draw(is_family ? "family" : "given", normal, attempt);
    name = is_family ? family_name(random) : given_name(random, attempt >= 8);
    if (flat) name = with_case(name, style);
    if (is_free(fresh, name)) break;
    if (attempt + 1 == kAttemptsMax) name = token(fresh);
  }
  const std::size_t index = pseudonyms_.size();
  parts_.emplace(normal, index);
  places_.emplace(place(fresh.type_name, fresh.value), index);
  pseudonyms_.push_back(fresh);
  take(pseudonyms_.back(), name);
  return name;
}

/// Names that are known become their surrogates in an address, too; empty: none is.
std::string PseudonymMap::email_local(std::string_view value, std::size_t attempt,
                                      Draw& random) const {
  const std::string local = folded(value.substr(0, value.find('@')));
  std::string out;
  bool any = false;
  std::size_t copied = 0;
  each_word(local, [&](std::string_view word) {
    const auto start = static_cast<std::size_t>(word.data() - local.data());
    if (is(word.front(), kDigit)) return;
    const auto known = parts_.find(std::string(word));
    any = any || known != parts_.end();
    // Words that are no names go as well: they may be.
    const std::string fresh =
        known != parts_.end() ? pseudonyms_[known->second].surrogate : given_name(random, true);
    out += local.substr(copied, start - copied);
    out += with_case(fresh, CaseStyle::Lower);
    copied = start + word.size();
  });
  if (!any) return {};
  out += local.substr(copied);
  if (attempt > 2) out += "000";  // as many more as there are numbers
  // Numbers in it may be a year of birth.
  for (char& c : out)
    if (is(c, kDigit)) c = random.digit();
  return out;
}

std::string PseudonymMap::token(const Pseudonym& pseudonym) {
  std::string name = pseudonym.is_part ? "PERSON" : pseudonym.type_name;
  while (true) {
    std::string candidate = "<" + name + "_" + std::to_string(++tokens_[name]) + ">";
    if (is_free(pseudonym, candidate)) return candidate;
  }
}

bool PseudonymMap::is_free(const Pseudonym& pseudonym, const std::string& candidate) const {
  if (candidate == pseudonym.value || surrogates_.contains(candidate)) return false;
  // Case and spaces are no difference, except between spellings of one value.
  if (const auto owner = owners_.find(folded(candidate));
      owner != owners_.end() &&
      owner->second != place(pseudonym.type_name, normal_of(pseudonym.kind, pseudonym.value)))
    return false;
  // Values stand in the text, so this keeps clear of them, too. Where every word of it is there
  // somewhere, the whole may be.
  bool all_there = true;
  bool any = false;
  if (pseudonym.kind == SurrogateKind::Date && !candidate.contains(' '))
    return !words_.contains(hash_of(candidate));  // its numbers alone are everywhere
  const std::string lowered = folded(candidate);
  each_word(lowered, [&](std::string_view word) {
    if (pseudonym.kind == SurrogateKind::Person && is_name_particle(word)) return;
    any = true;
    all_there = all_there && words_.contains(hash_of(word));
  });
  return !any || !all_there;
}

void PseudonymMap::take(Pseudonym& pseudonym, std::string surrogate) {
  surrogates_.insert(surrogate);
  owners_.try_emplace(folded(surrogate),
                      place(pseudonym.type_name, normal_of(pseudonym.kind, pseudonym.value)));
  pseudonym.surrogate = std::move(surrogate);
}

/// "M. Marlwick" for "Merle Marlwick": people are called so in lists.
void PseudonymMap::add_initial_alias(const Pseudonym& pseudonym) {
  const std::vector<NamePart> own = name_parts(pseudonym.value);
  const std::vector<NamePart> theirs = name_parts(pseudonym.surrogate);
  if (own.size() < 2 || own.size() != theirs.size()) return;
  for (const auto* parts : {&own, &theirs})
    if (parts->front().role != NameRole::Name || parts->back().role != NameRole::Name) return;
  const auto short_form = [](std::string_view value, const std::vector<NamePart>& parts) {
    const NamePart& last = parts.back();
    return first_letter(value.substr(parts.front().start)) + ". " +
           std::string(value.substr(last.start, last.end - last.start));
  };
  Pseudonym alias{.kind = SurrogateKind::Person,
                  .type_name = "PERSON alias",
                  .value = short_form(pseudonym.value, own),
                  .surrogate = {},
                  .is_part = true,
                  .is_family = true,
                  .is_alias = true};
  std::string surrogate = short_form(pseudonym.surrogate, theirs);
  if (surrogates_.contains(surrogate) || owners_.contains(folded(surrogate))) return;
  take(alias, std::move(surrogate));
  pseudonyms_.push_back(std::move(alias));
}

const std::string* PseudonymMap::find(std::string_view type_name, std::string_view value) const {
  const auto found = places_.find(place(type_name, value));
  return found == places_.end() ? nullptr : &pseudonyms_[found->second].surrogate;
}

std::shared_ptr<const Restorations> PseudonymMap::restorations() const {
  std::vector<Restoration> list;
  for (const Pseudonym& each : pseudonyms_) {
    if (each.kind == SurrogateKind::Secret || each.surrogate.empty()) continue;
    Restoration restoration{.surrogate = each.surrogate, .value = each.value};
    const bool is_name = is_name_kind(each.kind);
    if (is_name)
      restoration.endings = each.is_part && !each.is_family ? Endings::Genitive : Endings::Names;
    restoration.recasing = is_name                             ? Recasing::Names
                           : each.kind == SurrogateKind::Email ? Recasing::Upper
                                                               : Recasing::Never;
    restoration.is_number = is_number_kind(each.kind);
    restoration.anywhere = is_recognised_anywhere(each.kind, each.surrogate);
    restoration.is_identifier = each.kind == SurrogateKind::Identifier;
    if (each.surrogate.starts_with('<')) {
      // Models drop the brackets.
      Restoration bare = restoration;
      bare.surrogate = each.surrogate.substr(1, each.surrogate.size() - 2);
      bare.recasing = restoration.recasing = Recasing::Never;
      list.push_back(std::move(bare));
    }
    list.push_back(std::move(restoration));
  }
  return std::make_shared<const Restorations>(std::move(list));
}

}  // namespace croft::privacy

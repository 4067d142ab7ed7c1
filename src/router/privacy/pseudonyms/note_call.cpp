// What is found in a call before a dialect has put it together.
#include <algorithm>
#include <array>
#include <variant>

#include "router/privacy/pseudonyms/body_texts.h"
#include "router/privacy/pseudonyms/pseudonymise.h"
#include "router/privacy/pseudonyms/value_parts.h"

namespace croft::privacy {
namespace {

constexpr std::size_t kBirthReach = 40;  // bytes before a date

bool says_birth(std::string_view word) {
  constexpr auto kWords = std::to_array<std::string_view>(
      {"birth", "born", "birthday", "birthdate", "dob", "geboren", "geb", "geburtsdatum",
       "geburtstag", "naissance", "nacimiento", "nacido", "nacida", "nascita", "geboorte",
       "geboortedatum", "nascimento"});
  return std::ranges::find(kWords, word) != kWords.end();
}

bool is_birth_date(std::string_view text, std::size_t start) {
  const std::size_t from = start - std::min(start, kBirthReach);
  bool found = false;
  each_word(text.substr(from, start - from),
            [&](std::string_view word) { found = found || says_birth(word); });
  return found;
}

/// Every text of a call, with the name of its field.
template <typename Visit>
void each_text(const dialects::ChatCall& call, Visit visit) {
  const auto object = [&](const json::object& value) {
    for (const BodyText& text : texts_of(value)) visit(text.name, text.text);
  };
  for (const dialects::ChatMessage& message : call.messages) {
    visit("name", message.name);
    for (const dialects::ContentPart& part : message.content) {
      if (const auto* text = std::get_if<dialects::TextPart>(&part)) visit("text", text->text);
      if (const auto* thought = std::get_if<dialects::ThinkingPart>(&part))
        visit("text", thought->text);
      if (const auto* use = std::get_if<dialects::ToolCall>(&part)) {
        visit("name", use->name);
        visit("arguments", use->arguments);
      }
    }
  }
  for (const dialects::ChatTool& tool : call.tools) {
    visit("name", tool.name);
    visit("description", tool.description);
    object(tool.parameters);
  }
  for (const std::string& stop : call.stop) visit("stop", stop);
  visit("user", call.user);
  visit("description", call.format.description);
  object(call.format.schema);
  if (call.metadata) object(*call.metadata);
  for (const dialects::ExtraField& extra : call.extras) object({{extra.name, extra.value}});
}

}  // namespace

bool is_wanted(const Finding& finding, const Reading& reading, const EntitySet& types) {
  return contains(types, finding.type) || (surrogate_kind(finding.type) == SurrogateKind::Date &&
                                           is_birth_date(reading.text, finding.start));
}

bool note_call(const dialects::ChatCall& call, const EntitySet& types, const ScanLimits& limits,
               FindScratch& scratch, PseudonymMap& map) {
  const Clock::time_point deadline = Clock::now() + limits.time_max;
  bool in_time = true;
  each_text(call, [&](std::string_view name, std::string_view text) {
    if (!in_time || text.empty()) return;
    for (const Reading& reading : readings_of(text, name, true)) {
      scratch.without_names =
          is_program_word(text) || (reading.depth > 0 && !is_json_container(text));
      const auto findings = find_entities_until(reading.text, deadline, scratch);
      scratch.without_names = false;
      in_time = findings.has_value();
      if (!in_time) return;
      for (const Finding& finding : *findings) {
        if (finding.end <= reading.prefix || !is_wanted(finding, reading, types)) continue;
        each_line(reading.text, std::max(finding.start, reading.prefix), finding.end,
                  [&](std::size_t line, std::size_t line_end) {
                    const auto [begin, end] = reading.at_borders(line, line_end);
                    if (begin >= end) return;
                    map.note(finding.type,
                             std::string_view(reading.text).substr(begin, end - begin));
                  });
      }
    }
  });
  return in_time;
}

}  // namespace croft::privacy

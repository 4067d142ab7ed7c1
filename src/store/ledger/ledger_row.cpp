#include "store/ledger/ledger_row.h"

#include <cstddef>
#include <string>

#include "text/utf8.h"

namespace croft {
namespace {

constexpr std::size_t id_bytes_max = 200;  // an index of PostgreSQL holds 2.7 KB
constexpr std::size_t text_bytes_max = 1024;
constexpr std::size_t json_bytes_max = 64 * 1024;

void make_text(std::string& text, std::size_t bytes_max) {
  if (text.contains('\0') || !utf8::is_valid(text)) {
    std::string repaired = utf8::repair(text, utf8::Invalid::MaximalSubpart);
    text.clear();
    for (const char c : repaired) {
      if (c == '\0')
        utf8::append(text, utf8::replacement);
      else
        text += c;
    }
  }
  if (text.size() <= bytes_max) return;
  text.resize(bytes_max);
  text.resize(text.size() - utf8::unfinished_suffix(text));
}

void make_json(std::string& text) {
  const std::size_t bytes = text.size();
  if (bytes > json_bytes_max) {
    text = "{\"cut\":" + std::to_string(bytes) + "}";
    return;
  }
  // Our own serialiser wrote it; a zero byte would stand there as an escape.
  make_text(text, json_bytes_max);
}

}  // namespace

std::string_view money_state_name(MoneyState state) {
  switch (state) {
    case MoneyState::Unpriced:
      return "unpriced";
    case MoneyState::Estimated:
      return "estimated";
    case MoneyState::Known:
      return "known";
    case MoneyState::Unknown:
      break;
  }
  return "unknown";
}

void make_storable(LedgerRow& row) {
  make_text(row.id, id_bytes_max);
  for (std::string* text :
       {&row.server, &row.endpoint, &row.tenant, &row.team, &row.key_id, &row.route, &row.rule,
        &row.reason, &row.requested_model, &row.model, &row.provider, &row.outcome,
        &row.price_version, &row.currency, &row.energy_method, &row.reservation, &row.request_id,
        &row.reference_version})
    make_text(*text, text_bytes_max);
  for (std::string* text : {&row.gates, &row.features, &row.attempts}) make_json(*text);
}

}  // namespace croft

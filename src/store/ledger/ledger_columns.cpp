#include "store/ledger/ledger_columns.h"

#include "base/check.h"
#include "base/checked.h"

namespace croft {
namespace {

using enum LedgerColumnKind;
constexpr std::array<LedgerColumn, ledger_column_count> kColumns = {{
    {"id", Text},
    {"time_us", Integer},
    {"server", Text},
    {"endpoint", Text},
    {"tenant", Text},
    {"team", Text},
    {"key_id", Text},
    {"route", Text},
    {"rule", Text},
    {"reason", Text},
    {"gates", Text},
    {"features", Text},
    {"requested_model", Text},
    {"model", Text},
    {"provider", Text},
    {"attempts", Text},
    {"escalated", Integer},
    {"streamed", Integer},
    {"http_status", Integer},
    {"outcome", Text},
    {"prompt_tokens", OptionalInteger},
    {"cached_tokens", OptionalInteger},
    {"cache_write_tokens", OptionalInteger},
    {"completion_tokens", OptionalInteger},
    {"queue_us", OptionalInteger},
    {"gates_us", OptionalInteger},
    {"local_us", OptionalInteger},
    {"first_token_us", OptionalInteger},
    {"total_us", OptionalInteger},
    {"price_version", Text},
    {"currency", Text},
    {"cloud_cost_state", Text},
    {"cloud_cost_nano", OptionalInteger},
    {"counterfactual_cost_state", Text},
    {"counterfactual_cost_nano", OptionalInteger},
    {"local_cost_state", Text},
    {"local_cost_nano", OptionalInteger},
    {"energy_uj", OptionalInteger},
    {"energy_method", Text},
    {"reservation", Text},
    {"request_id", Text},
    {"reference_version", Text},
}};

/// One walk over the fields, for both directions: what is written in one place cannot disagree.
template <typename AnyRow, typename Visitor>
void visit_fields(AnyRow& row, Visitor&& visit) {
  visit(row.id);
  visit(row.time_us);
  visit(row.server);
  visit(row.endpoint);
  visit(row.tenant);
  visit(row.team);
  visit(row.key_id);
  visit(row.route);
  visit(row.rule);
  visit(row.reason);
  visit(row.gates);
  visit(row.features);
  visit(row.requested_model);
  visit(row.model);
  visit(row.provider);
  visit(row.attempts);
  visit(row.escalated);
  visit(row.streamed);
  visit(row.http_status);
  visit(row.outcome);
  visit(row.prompt_tokens);
  visit(row.cached_tokens);
  visit(row.cache_write_tokens);
  visit(row.completion_tokens);
  visit(row.queue_us);
  visit(row.gates_us);
  visit(row.local_us);
  visit(row.first_token_us);
  visit(row.total_us);
  visit(row.price_version);
  visit(row.currency);
  visit(row.cloud_cost);
  visit(row.counterfactual_cost);
  visit(row.local_cost);
  visit(row.energy_uj);
  visit(row.energy_method);
  visit(row.reservation);
  visit(row.request_id);
  visit(row.reference_version);
}

struct ValueWriter {
  LedgerValues& values;
  std::size_t next = 0;

  template <typename T>
  void operator()(const T& field) {
    values[next++] = SqlParameter(field);
  }
  void operator()(const Money& money) {
    values[next++] = SqlParameter(money_state_name(money.state));
    values[next++] = money.has_amount() ? SqlParameter(money.nano) : SqlParameter(nullptr);
  }
};

struct ValueReader {
  const LedgerValues& values;
  std::size_t next = 0;
  bool good = true;

  void operator()(std::string& field) {
    if (const auto* text = take<std::string_view>()) field = *text;
  }
  void operator()(std::int64_t& field) {
    if (const auto* number = take<std::int64_t>()) field = *number;
  }
  void operator()(int& field) {
    std::int64_t number = 0;
    (*this)(number);
    const auto fits = checked_cast<int>(number);
    good = good && fits.has_value();
    field = fits.value_or(0);
  }
  void operator()(bool& field) {
    std::int64_t number = 0;
    (*this)(number);
    good = good && (number == 0 || number == 1);
    field = number == 1;
  }
  void operator()(std::optional<std::int64_t>& field) {
    field.reset();
    if (std::holds_alternative<std::monostate>(values[next].value()))
      ++next;
    else if (const auto* number = take<std::int64_t>())
      field = *number;
  }
  void operator()(Money& field) {
    std::string state;
    std::optional<std::int64_t> nano;
    (*this)(state);
    (*this)(nano);
    field = {};
    for (const MoneyState one :
         {MoneyState::Unknown, MoneyState::Unpriced, MoneyState::Known, MoneyState::Estimated}) {
      const Money money{one, nano.value_or(0)};
      if (money_state_name(one) != state || nano.has_value() != money.has_amount()) continue;
      field = money;
      return;
    }
    good = false;
  }

 private:
  template <typename T>
  const T* take() {
    const T* value = std::get_if<T>(&values[next++].value());
    good = good && value != nullptr;
    return value;
  }
};

}  // namespace

std::span<const LedgerColumn, ledger_column_count> ledger_columns() {
  return kColumns;
}

std::size_t ledger_column_index(std::string_view name) {
  std::size_t index = 0;
  while (index < kColumns.size() && kColumns[index].name != name) ++index;
  CHECK(index < kColumns.size());
  return index;
}

LedgerValues ledger_values(const LedgerRow& row) {
  LedgerValues values;
  ValueWriter writer{values};
  visit_fields(row, writer);
  CHECK(writer.next == values.size());
  return values;
}

Result<LedgerValues> ledger_values(const Row& row, int first) {
  LedgerValues values;
  int column = first;
  for (std::size_t i = 0; i < values.size(); ++i, ++column) {
    if (kColumns[i].kind == LedgerColumnKind::Text)
      values[i] = SqlParameter(TRY(row.text(column)));
    else if (kColumns[i].kind == LedgerColumnKind::Integer || !row.is_null(column))
      values[i] = SqlParameter(TRY(row.int64(column)));
  }
  return values;
}

Result<LedgerRow> ledger_row(const LedgerValues& values) {
  LedgerRow row;
  ValueReader reader{values};
  visit_fields(row, reader);
  if (!reader.good) return fail(ErrorCode::Corrupt, "a row of the ledger holds impossible values");
  return row;
}

}  // namespace croft

#include <cmath>

#include "cli/price_access.h"
#include "cli/terminal.h"
#include "cli/verbs/ledger_access.h"
#include "cli/verbs/verbs.h"
#include "io/atomic_file.h"
#include "store/prices/whatif.h"
#include "store/prices/whatif_input.h"
#include "store/prices/whatif_ledger.h"

namespace croft::cli {
namespace {

constexpr std::size_t requests_bytes_max = 1024 * 1024 * 1024;

Result<std::uint64_t> whole(double value) {
  if (value > 1e18) return fail(ErrorCode::TooLarge, "these are more tokens than can be counted");
  return static_cast<std::uint64_t>(std::llround(value));
}

Result<WhatifWork> work_of_ledger(const Settings& settings, const PriceList& list) {
  const LedgerRange range = TRY(ledger_range(settings));
  Database database = TRY(open_ledger_database(settings));
  Ledger ledger = TRY(Ledger::open_for_reading(std::move(database)));
  LedgerWork found;
  {
    LedgerProgressLine progress("reading the ledger");
    found = TRY(read_whatif_ledger(ledger, range, list, settings.text("provider"),
                                   settings.text("cloud"), progress.callback()));
  }
  if (found.uncounted != 0)
    note(std::to_string(found.uncounted) +
         " requests of the ledger have no token counts and are left out");
  return std::move(found.work);
}

Result<WhatifWork> work_of(const Settings& settings, const PriceList& list) {
  const std::string& provider = settings.text("provider");
  const std::string& model = settings.text("cloud");
  if (settings.has_value("requests") && settings.flag("ledger"))
    return fail(ErrorCode::InvalidArgument, "give either --requests or --ledger");
  if (settings.has_value("requests")) {
    const std::string& path = settings.text("requests");
    const std::string text = TRY(read_file_or_stdin(path, requests_bytes_max));
    return read_whatif_requests(text, path == "-" ? "standard input" : path, list, provider, model);
  }
  if (settings.flag("ledger")) return work_of_ledger(settings, list);
  const double cached = settings.real("cached");
  if (cached > settings.real("prompt"))
    return fail(ErrorCode::InvalidArgument, "--cached is more than --prompt", {}, "cached");
  const double count = settings.real("count");
  BilledTokens tokens;
  tokens.input = TRY(whole((settings.real("prompt") - cached) * count));
  tokens.cached_input = TRY(whole(cached * count));
  tokens.output = TRY(whole(settings.real("answer") * count));
  const std::uint64_t requests = TRY(whole(count));
  WhatifWork work;
  TRY(work.add(tokens, requests, list, provider, model));
  return work;
}

}  // namespace

Result<int> ledger_whatif_verb(const Settings& settings) {
  const PriceList list = TRY(active_prices(settings));
  WhatifQuestion question;
  question.work = TRY(work_of(settings, list));
  question.machine = {.price = settings.real("machine-price"),
                      .years = settings.real("years"),
                      .utilisation = settings.real("utilisation"),
                      .watts_busy = settings.real("watts"),
                      .watts_idle = settings.real("watts-idle"),
                      .kwh_price = settings.real("kwh-price"),
                      .prompt_rate = settings.real("prompt-rate"),
                      .answer_rate = settings.real("answer-rate")};
  question.local_share = settings.real("local-share");
  question.tried_share = settings.real("tried-share");
  question.days = settings.real("days");
  const WhatifAnswer answer = TRY(whatif(question));
  const std::vector<WhatifClaim> claims = TRY(whatif_claims(question));
  if (settings.has_value("plot")) {
    const std::string svg = TRY(whatif_plot(question));
    TRY(write_file_atomically(settings.text("plot"), svg));
  }
  TRY(settings.flag("json") ? print_line(json::serialize(whatif_json(question, answer, claims)))
                            : print(whatif_text(question, answer, claims)));
  return 0;
}

}  // namespace croft::cli

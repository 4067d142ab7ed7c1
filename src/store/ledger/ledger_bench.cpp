// Writes rows through LedgerWriter as a server does, and says how fast: croft_ledger_bench DATABASE
// JOURNAL ROWS [FIRST]. The end-to-end tests make their ledgers with it.
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "store/ledger/ledger_writer.h"
#include "store/ledger/test_rows.h"

int main(int argc, char** argv) {
  using namespace croft;
  if (argc < 4) {
    std::fprintf(stderr, "croft_ledger_bench DATABASE JOURNAL ROWS [FIRST]\n");
    return 2;
  }
  const int rows = std::atoi(argv[3]);
  const int first = argc > 4 ? std::atoi(argv[4]) : 0;
  auto writer = LedgerWriter::start({.database = argv[1], .journal = argv[2]});
  if (!writer) {
    std::fprintf(stderr, "%s\n", writer.error().to_string().c_str());
    return 1;
  }
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  std::chrono::nanoseconds waited{0}, longest{0};
  for (int i = first; i < first + rows; ++i) {
    LedgerRow row = sample_row(i);
    while (!(*writer)->accepting()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    const auto before = Clock::now();
    (*writer)->write(std::move(row));
    const auto took = Clock::now() - before;
    waited += took;
    longest = std::max<std::chrono::nanoseconds>(longest, took);
  }
  const auto flushed = (*writer)->flush_to_database(std::chrono::minutes(5));
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  const LedgerStatus status = (*writer)->status();
  std::printf(R"({"rows":%llu,"groups":%llu,"rows_per_second":%.0f,"write_ns_mean":%.0f,)"
              R"("write_us_max":%.0f,"state":"%s"})"
              "\n",
              static_cast<unsigned long long>(status.rows_written),
              static_cast<unsigned long long>(status.groups), rows / seconds,
              rows == 0 ? 0.0 : static_cast<double>(waited.count()) / rows,
              static_cast<double>(longest.count()) / 1e3,
              std::string(ledger_state_name(status.state)).c_str());
  if (!flushed) std::fprintf(stderr, "%s\n", flushed.error().to_string().c_str());
  return flushed ? 0 : 1;
}

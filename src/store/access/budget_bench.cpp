// Measures budgets: many threads reserve and settle on one key, and wait for each answer as a
// request would. With --tell it writes what it was told, a line a fact, which is what
// tests/e2e/budget_test.py kills it for.
//
//   croft_budget_bench DATABASE KEY_ID THREADS SECONDS [--tell]
//
// Prints JSON: reservations a second, microseconds that one waits (p50, p99), orders a transaction.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <latch>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "store/access/budget_keeper.h"

namespace croft {
namespace {

using Clock = std::chrono::steady_clock;

struct Work {
  BudgetKeeper& keeper;
  std::string key;
  Clock::time_point end;
  bool tell = false;
};

std::vector<double> run_thread(const Work& work, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<double> microseconds;
  while (Clock::now() < work.end) {
    const Reservation mine{.id = BudgetKeeper::new_reservation_id(),
                           .request = "bench",
                           .key_owner = work.key,
                           .team_owner = {},
                           .amount = static_cast<std::int64_t>(1 + random() % 1000),
                           .currency = "USD"};
    std::latch told(1);
    bool sound = false;
    const auto begin = Clock::now();
    work.keeper.reserve(mine, [&](const Result<void>& result) {
      sound = result.has_value();
      told.count_down();
    });
    told.wait();
    microseconds.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
    if (work.tell) {
      std::printf("%s %s %lld\n", sound ? "reserved" : "refused", mine.id.c_str(),
                  static_cast<long long>(mine.amount));
      std::fflush(stdout);
    }
    if (sound) work.keeper.settle(mine, mine.amount / 3);
  }
  return microseconds;
}

int run(const std::string& address, Work work, int threads_count,
        std::unique_ptr<BudgetKeeper> keeper) {
  std::vector<std::vector<double>> parts(static_cast<std::size_t>(threads_count));
  std::vector<std::thread> threads;
  const auto begin = Clock::now();
  for (std::size_t i = 0; i < parts.size(); ++i)
    threads.emplace_back(
        [&, i] { parts[i] = run_thread(work, static_cast<unsigned>(i) + std::random_device{}()); });
  for (std::thread& thread : threads) thread.join();
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  static_cast<void>(keeper->flush(std::chrono::minutes(3)));
  std::vector<double> all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  std::ranges::sort(all);
  const BudgetHealth health = keeper->health();
  const auto orders =
      static_cast<double>(health.reserved + health.refused + health.settled + health.released);
  std::printf(
      "{\"database\": \"%s\", \"threads\": %d, \"reserves_per_second\": %.0f, "
      "\"reserve_us_p50\": %.0f, \"reserve_us_p99\": %.0f, \"orders_per_group\": %.1f}\n",
      address.starts_with("postgres") ? "postgres" : "sqlite", threads_count,
      static_cast<double>(all.size()) / seconds, all[all.size() / 2], all[all.size() * 99 / 100],
      orders / static_cast<double>(std::max<std::uint64_t>(health.groups, 1)));
  return 0;
}

}  // namespace
}  // namespace croft

int main(int count, char** words) {
  using namespace croft;
  init_log(LogLevel::Warning, false);
  if (count < 5) {
    std::fprintf(stderr, "usage: croft_budget_bench DATABASE KEY_ID THREADS SECONDS [--tell]\n");
    return 2;
  }
  auto database = Database::open(words[1]);
  auto keeper =
      database
          ? BudgetKeeper::start(std::move(*database))
          : Result<std::unique_ptr<BudgetKeeper>>(std::unexpected(std::move(database).error()));
  if (!keeper) {
    std::fprintf(stderr, "%s\n", keeper.error().to_string().c_str());
    return 9;
  }
  const int threads = std::clamp(std::atoi(words[3]), 1, 256);
  const auto seconds = std::chrono::seconds(std::clamp(std::atoi(words[4]), 1, 600));
  const Work work{**keeper, words[2], Clock::now() + seconds,
                  count > 5 && std::string_view(words[5]) == "--tell"};
  return run(words[1], work, threads, std::move(*keeper));
}

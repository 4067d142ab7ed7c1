// Measures pseudonyms: croft_pseudonym_bench [rounds]
//
// A chat request with 1,000 characters of prose that holds some findings, and an answer of 1,000
// characters with their surrogates in pieces of 4 bytes. Figures are microseconds of this thread's
// processor time, the best of several rounds: finding (as often as replacing does it), replacing as
// a whole, replacing beyond finding, restoring.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include "router/privacy/pseudonyms/pseudonymise.h"
#include "router/privacy/pseudonyms/text_restorer.h"

namespace {

using namespace croft;
using namespace croft::privacy;

double now_microseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return 1e6 * static_cast<double>(now.tv_sec) + 1e-3 * static_cast<double>(now.tv_nsec);
}

template <typename Work>
double best_of(int rounds, Work work) {
  double best = 1e18;
  for (int i = 0; i < rounds; ++i) {
    const double begin = now_microseconds();
    work();
    best = std::min(best, now_microseconds() - begin);
  }
  return best;
}

}  // namespace

int main(int count, char** arguments) {
  const int rounds = count > 1 ? std::atoi(arguments[1]) : 200;
  std::string text =
      "Please write to jane.doe@acme-corp.de and say that her card 4111 1111 1111 1111 was "
      "charged; "
      "she can be called at +49 171 2345678. ";
  while (text.size() < 1000)
    text +=
        "The committee met on Tuesday to look at the plans for the new library, and after a long "
        "talk about cost it was agreed that work may begin in the spring. ";
  text.resize(1000);
  const json::object body = {
      {"model", "m"}, {"messages", json::array{json::object{{"role", "user"}, {"content", text}}}}};
  FindScratch scratch;
  const EntitySet types = gated_entities() | secret_entities();
  ConversationName name;
  name.tenant = "bench";
  const Key key = conversation_key(name);
  const double finding = best_of(rounds, [&] { (void)scan_request(body, types, {}, scratch); });
  std::string sent;
  std::shared_ptr<const Restorations> known;
  const double replacing = best_of(rounds, [&] {
    PseudonymMap map(key);
    const Result<json::object> out =
        pseudonymise(body, types, {.time_max = std::chrono::seconds(5)}, scratch, map);
    if (!out) std::abort();
    sent = out->at("messages").at(0).at("content").as_string();
    known = map.restorations();
  });
  std::string back;
  const double restoring = best_of(rounds, [&] {
    TextRestorer restorer(*known, TextForm::Prose);
    back.clear();
    for (std::size_t at = 0; at < sent.size(); at += 4)
      restorer.feed(std::string_view(sent).substr(at, 4), back);
    restorer.finish(back);
  });
  if (back != text) {
    std::puts("what came back is not what was sent");
    return 1;
  }
  // It looks once for what to replace and once at what is left.
  std::printf("finding, once                     %8.1f us\n", finding);
  std::printf("replacing, with finding twice     %8.1f us\n", replacing);
  std::printf("replacing beyond finding          %8.1f us\n", replacing - 2 * finding);
  std::printf("restoring, in pieces of 4 bytes   %8.1f us\n", restoring);
  return 0;
}

// Measures the gates on one core: croft_gates_bench MODEL DATA.jsonl
//
// MODEL is a file of `croft route train`, DATA the labelled texts to decide on. Printed are
// microseconds of single calls, median and 99th percentile: intent, prompt features, and both
// together; for the texts as they are, and for texts of 1,000 and 100,000 characters made of them.
// Each text is decided once, in the order of the file, so that the rows of one are seldom in the
// nearest cache for the next.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "router/gates/intent_model.h"
#include "router/gates/intent_rows.h"
#include "router/gates/prompt_features.h"

namespace croft {
namespace {

/// Consecutive texts joined until each has `characters`.
std::vector<std::string> joined(const std::vector<IntentRow>& rows, std::size_t characters) {
  std::vector<std::string> texts;
  std::string text;
  for (std::size_t i = 0; texts.size() < 2000 && i < 4'000'000; ++i) {
    text += rows[i % rows.size()].text + ". ";
    if (text.size() < characters) continue;
    text.resize(characters);
    texts.push_back(std::move(text));
    text.clear();
  }
  return texts;
}

template <typename Work>
void measure(const char* what, const std::vector<std::string>& texts, Work&& work) {
  std::vector<double> times;
  for (const std::string& text : texts) {
    const auto begin = std::chrono::steady_clock::now();
    work(text);
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - begin;
    times.push_back(took.count());
  }
  std::ranges::sort(times);
  std::printf("  %-16s %8.1f %8.1f\n", what, times[times.size() / 2],
              times[times.size() * 99 / 100]);
}

int run(const char* model_path, const char* data_path) {
  const auto model = IntentModel::load(model_path);
  const auto rows = read_intent_rows(data_path);
  if (!model || !rows || rows->rows.empty()) {
    const std::string why = !model  ? model.error().to_string()
                            : !rows ? rows.error().to_string()
                                    : "no rows";
    std::fprintf(stderr, "%s\n", why.c_str());
    return 1;
  }
  std::vector<std::string> texts;
  for (const IntentRow& row : rows->rows) texts.push_back(row.text);
  const std::pair<const char*, std::vector<std::string>> sets[] = {
      {"texts as they are", std::move(texts)},
      {"1,000 characters", joined(rows->rows, 1000)},
      {"100,000 characters", joined(rows->rows, 100'000)}};
  IntentScratch scratch;
  std::size_t sum = 0;  // what is computed must be used
  for (const auto& [name, set] : sets) {
    std::printf("%s (%zu): microseconds, median and p99\n", name, set.size());
    const auto intent = [&](const std::string& text) {
      sum += model->decide(text, scratch).label.size();
    };
    const auto features = [&](const std::string& text) { sum += read_prompt(text).words; };
    measure("intent", set, intent);
    measure("prompt features", set, features);
    measure("together", set, [&](const std::string& text) {
      intent(text);
      features(text);
    });
  }
  return sum == 0 ? 1 : 0;
}

}  // namespace
}  // namespace croft

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: croft_gates_bench MODEL DATA.jsonl\n");
    return 2;
  }
  return croft::run(argv[1], argv[2]);
}

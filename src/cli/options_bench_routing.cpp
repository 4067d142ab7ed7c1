// The options table: `croft route bench`.
#include "cli/common_options.h"

namespace croft::cli {
namespace {

OptionSpec folder(std::string_view name, std::string_view fallback, std::string_view help) {
  return {.name = name,
          .kind = OptionKind::Path,
          .value_name = "FOLDER",
          .fallback = fallback,
          .help = help,
          .completion = Completion::Folder,
          .in_environment = false,
          .in_file = false};
}

OptionSpec price(std::string_view name, std::string_view fallback, std::string_view help) {
  return {.name = name,
          .kind = OptionKind::Real,
          .value_name = "X",
          .fallback = fallback,
          .min = 0,
          .max = 1e6,
          .help = help,
          .in_environment = false,
          .in_file = false};
}

OptionSpec count(std::string_view name, std::string_view fallback, double min, double max,
                 std::string_view help) {
  return {.name = name,
          .kind = OptionKind::Integer,
          .value_name = "N",
          .fallback = fallback,
          .min = min,
          .max = max,
          .help = help,
          .in_environment = false,
          .in_file = false};
}

std::vector<OptionSpec> input_options() {
  return {folder("data", "",
                 "public sets: routellm/ (outcome columns), and banking77/, sroie/, gsm8k/, "
                 "humaneval/ for the texts of recorded rows"),
          folder("recorded", "bench/router/recorded", "files that bench/router/record.py wrote"),
          {.name = "cloud",
           .value_name = "NAME",
           .fallback = "qwen2.5-coder-1.5b",
           .help = "the recorded model that stands for the cloud; all others are local ones",
           .in_environment = false,
           .in_file = false}};
}

std::vector<OptionSpec> measure_options() {
  return {
      {.name = "mix",
       .kind = OptionKind::List,
       .value_name = "TASK=WEIGHT",
       .help = "a task of the mix and its weight; repeatable; without it banking77=45, sroie=30, "
               "summaries=15 and gsm8k=10",
       .in_environment = false,
       .in_file = false},
      price("price-in", "1", "the cloud's price of a million tokens of prompt, in any currency"),
      price("price-out", "4", "the cloud's price of a million tokens of answer"),
      price("price-local", "0", "price of a million local tokens, prompt or answer"),
      count("early-tokens", "16", 1, 65'536, "tokens after which the early point comes"),
      count("folds", "5", 2, 20, "parts of the rows; each is judged by models of the others"),
      count("resamples", "1000", 100, 100'000, "of the bootstrap"),
      count("seed", "1", 0, 1e12, "of the parts and of the bootstrap"),
      threads_option("threads that fit; 0 is one per CPU this process may use"),
  };
}

std::vector<OptionSpec> output_options() {
  return {
      {.name = "out",
       .alias = 'o',
       .kind = OptionKind::Path,
       .value_name = "FILE",
       .help = "write the page here, as Markdown; without it the page is printed",
       .completion = Completion::File,
       .in_environment = false,
       .in_file = false},
      folder("plots", "", "write the plots into this folder, as SVG; it must exist"),
      folder("rows", "",
             "write each pair's labelled rows into this folder, for croft route calibrate; it must "
             "exist"),
      json_option(),
  };
}

}  // namespace

VerbSpec route_bench_verb_spec() {
  std::vector<OptionSpec> options = input_options();
  for (auto& part : {measure_options(), output_options()})
    options.insert(options.end(), part.begin(), part.end());
  return {
      .name = "route bench",
      .summary = "compute the router's figures from recorded outcomes",
      .details =
          "How much must be escalated for how much quality: by the prompt alone, by the "
          "confidence of the local answer, by agreement of samples, by an oracle; what a "
          "calibration proves on the same rows; and what a mix of tasks saves. Nothing is asked "
          "of a model: the answers were recorded before. Inputs that are missing are named and "
          "skipped. The same inputs and seed give the same figures.",
      .arguments = {},
      .options = std::move(options)};
}

}  // namespace croft::cli

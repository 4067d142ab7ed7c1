#include "cli/common_options.h"

namespace croft::cli {

OptionSpec flag(std::string_view name, std::string_view help) {
  return {.name = name, .kind = OptionKind::Flag, .help = help, .in_file = false};
}

OptionSpec json_option() {
  return flag("json", "print one JSON document instead of text");
}

OptionSpec model_option(bool required, std::string_view fallback) {
  return {.name = "model",
          .alias = 'm',
          .kind = OptionKind::Text,
          .value_name = "MODEL",
          .fallback = fallback,
          .help = "a GGUF file, a Hugging Face folder, or the name of an installed model",
          .completion = Completion::Model,
          .required = required};
}

OptionSpec threads_option(std::string_view help) {
  return {.name = "threads",
          .alias = 't',
          .kind = OptionKind::Integer,
          .value_name = "N",
          .fallback = "0",
          .min = 0,
          .max = 1024,
          .help = help};
}

OptionSpec context_option(std::string_view help) {
  return {.name = "context",
          .alias = 'c',
          .kind = OptionKind::Integer,
          .value_name = "N",
          .fallback = "0",
          .min = 0,
          .max = 16'777'216,
          .unit = "tokens",
          .help = help};
}

OptionSpec kv_type_option(std::string_view help) {
  return {.name = "kv-type",
          .kind = OptionKind::Choice,
          .value_name = "TYPE",
          .fallback = "f16",
          .choices = "f32|f16|bf16|q8_0",
          .help = help};
}

OptionSpec draft_option() {
  return {.name = "draft",
          .kind = OptionKind::Text,
          .value_name = "MODEL",
          .help =
              "a small model of the same family that guesses ahead: the same answers, sooner where "
              "it is often right",
          .completion = Completion::Model};
}

OptionSpec parallel_option(std::string_view fallback, std::string_view help) {
  return {.name = "parallel",
          .kind = OptionKind::Integer,
          .value_name = "N",
          .fallback = fallback,
          .min = 1,
          .max = 1024,
          .help = help};
}

OptionSpec prefix_cache_option() {
  return {.name = "prefix-cache",
          .kind = OptionKind::Integer,
          .value_name = "N",
          .fallback = "256",
          .min = 0,
          .max = 1'048'576,
          .unit = "MiB",
          .help =
              "memory kept so that prompts of one key that begin alike are computed once; 0 is "
              "off"};
}

OptionSpec prefill_chunk_option() {
  return {.name = "prefill-chunk",
          .kind = OptionKind::Integer,
          .value_name = "N",
          .fallback = "512",
          .min = 1,
          .max = 65536,
          .unit = "tokens",
          .help = "most prompt tokens computed in one step; beside running answers it is less"};
}

}  // namespace croft::cli

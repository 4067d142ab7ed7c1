// The model that is part of the program: data/privacy/names.model, put in by the assembler.
#include <array>
#include <cstddef>

#include "base/check.h"
#include "router/privacy/names/name_model_file.h"

// CROFT_NAME_MODEL is its path (src/router/CMakeLists.txt).
asm(".section .rodata\n"
    ".balign 16\n"
    ".global croft_name_model_begin\n"
    "croft_name_model_begin:\n"
    ".incbin \"" CROFT_NAME_MODEL
    "\"\n"
    ".global croft_name_model_end\n"
    "croft_name_model_end:\n"
    ".byte 0\n"
    ".text\n");

extern "C" {
extern const std::byte croft_name_model_begin[];
extern const std::byte croft_name_model_end[];
}

namespace croft::privacy {

std::span<const std::byte> default_name_model_bytes() {
  return {croft_name_model_begin, croft_name_model_end};
}

const NameModel& default_name_model() {
  static const NameModel model = [] {
    auto data = parse_name_model(default_name_model_bytes(), "the program's name model");
    CHECK(data.has_value());  // a test reads it, too
    return NameModel(std::move(*data));
  }();
  return model;
}

}  // namespace croft::privacy

#pragma once
/// The written reference, made from the options table: docs/cli.md and packaging/man/croft.1. A
/// test proves that those files are current.

#include <string>

namespace croft::cli {

[[nodiscard]] std::string markdown_reference();
[[nodiscard]] std::string man_page();

}  // namespace croft::cli

#pragma once
/// Shell completion scripts, made from the options table. Kept under packaging/completions/; a test
/// proves that those files are current.

#include <string>

namespace croft::cli {

[[nodiscard]] std::string bash_completion();
[[nodiscard]] std::string zsh_completion();
[[nodiscard]] std::string fish_completion();

}  // namespace croft::cli

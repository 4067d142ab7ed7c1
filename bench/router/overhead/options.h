#pragma once

/// The options of overhead_bench: `--name NUMBER` or `--name TEXT`, all with a default.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace croft::overhead {

struct Option {
  std::string name;
  std::string value;  ///< the default
  std::string help;
  std::int64_t number_max = -1;  ///< negative: a text; else whole numbers from 0 to this
};

class Options {
 public:
  /// Reads `arguments`; ends the program with status 2 and a sentence if one is not among `known`.
  Options(std::vector<Option> known, const std::vector<std::string>& arguments);
  std::int64_t number(const std::string& name) const;
  const std::string& text(const std::string& name) const;

 private:
  std::map<std::string, Option> options_;
};

}  // namespace croft::overhead

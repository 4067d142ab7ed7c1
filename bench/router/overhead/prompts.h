#pragma once

/// Requests whose prompts never repeat, made without work per character.

#include <cstdint>
#include <string>

namespace croft::overhead {

class Prompts {
 public:
  struct Form {
    std::string host, path, model, key;
    std::size_t characters = 1000;
    bool stream = false;
    std::uint64_t seed = 0;  ///< another seed, other prompts
  };
  explicit Prompts(const Form& form);
  /// Writes the next whole request, of the same length each time.
  void write(std::string& request);

 private:
  std::string pool_;     // words; a prompt is a stretch of them
  std::string request_;  // all but the prompt
  std::size_t prompt_at_ = 0, characters_;
  std::uint64_t next_;
};

}  // namespace croft::overhead

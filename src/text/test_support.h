#pragma once
/// What the tests of this folder share: recorded vectors, and tokenizers opened or the test fails.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/json.h"
#include "io/mapped_file.h"
#include "text/tokenizer.h"

namespace croft::testing_support {

using Ids = std::vector<TokenId>;

inline std::filesystem::path golden() {
  return std::filesystem::path(CROFT_SHARED_DIR) / "golden";
}

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

inline json::value read_json(const std::filesystem::path& path) {
  return parse_json(read_text(path), path.string()).value();
}

inline Ids ids_of(const json::value& value) {
  Ids ids;
  for (const json::value& id : value.as_array()) {
    ids.push_back(static_cast<TokenId>(id.to_number<std::int64_t>()));
  }
  return ids;
}

/// GoogleTest turns the exception into a failure that shows the message.
template <typename T>
T unwrap(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().to_string());
  return std::move(*result);
}

inline std::unique_ptr<Tokenizer> open_gguf(const std::filesystem::path& path) {
  const MappedFile mapped = unwrap(MappedFile::open(path));
  const GgufFile file = unwrap(GgufFile::parse(mapped.bytes()));
  return unwrap(tokenizer_from_gguf(file));
}

}  // namespace croft::testing_support

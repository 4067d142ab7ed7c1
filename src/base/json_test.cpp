// Goal: JSON at the edges names what is wrong and where, and refuses depth. Method: table cases.
#include "base/json.h"

#include <gtest/gtest.h>

#include <string>

namespace croft {
namespace {

TEST(Json, NamesOffsetAndRefusesDepth) {
  EXPECT_EQ(parse_json(R"({"a":1} )", "x").value().at("a").as_int64(), 1);
  const auto broken = parse_json(R"({"a":,})", "config.json");
  ASSERT_FALSE(broken.has_value());
  EXPECT_NE(broken.error().message.find("config.json"), std::string::npos);
  EXPECT_NE(broken.error().message.find("byte 5"), std::string::npos) << broken.error().message;
  EXPECT_FALSE(parse_json("[1] 2", "x").has_value());
  EXPECT_FALSE(parse_json("", "x").has_value());
  EXPECT_FALSE(parse_json(std::string(100, '[') + std::string(100, ']'), "x").has_value());
  EXPECT_EQ(find_int(parse_json(R"({"n":3.0,"s":"x","z":null})", "x").value(), "n"), 3);
  EXPECT_EQ(find_int(parse_json(R"({"n":3.5})", "x").value(), "n"), std::nullopt);
}

}  // namespace
}  // namespace croft

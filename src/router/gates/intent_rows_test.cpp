// Goal: labelled rows are read as written, and every wrong line is named with its file and number.
// Method: small files in memory, right and wrong.
#include "router/gates/intent_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/atomic_file.h"
#include "io/test_folder.h"

namespace croft {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(IntentRows, Reads) {
  const auto rows = parse_intent_rows(
      "\xEF\xBB\xBF{\"text\": \"hi\", \"label\": \"greet\"}\r\n"
      "\n"
      "{\"label\": \"OOS\", \"text\": \"\", \"note\": 3}\n"
      "{\"text\": \"x\\u00fc\", \"label\": \"none\"}",
      "a.jsonl");
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->rows.size(), 3u);
  EXPECT_EQ(rows->rows[0].text, "hi");
  EXPECT_EQ(rows->rows[0].label, "greet");
  EXPECT_EQ(rows->rows[1].text, "");
  EXPECT_EQ(rows->rows[1].label, "");
  EXPECT_EQ(rows->rows[2].text, "xü");
  EXPECT_EQ(rows->rows[2].label, "");
  EXPECT_EQ(rows->digest.size(), 16u);
  EXPECT_THAT(rows->warnings, ElementsAre(HasSubstr("\"note\"")));
}

TEST(IntentRows, OutOfScopeLabels) {
  for (const std::string_view label : {"oos", "OOS", "out_of_scope", "Out_Of_Scope", "none"})
    EXPECT_TRUE(is_out_of_scope(label)) << label;
  for (const std::string_view label : {"", "oos2", "nonel", "out of scope"})
    EXPECT_FALSE(is_out_of_scope(label)) << label;
}

TEST(IntentRows, WrongLines) {
  const std::string right = R"({"text": "a", "label": "b"})";
  const struct {
    std::string line;
    std::string says;
    ErrorCode code = ErrorCode::InvalidArgument;
  } cases[] = {
      {"{\"text\": ", "a.jsonl:2: "},
      {"[]", "not a JSON object"},
      {R"({"text": "a"})", "no `label`"},
      {R"({"label": "a"})", "no `text`"},
      {R"({"text": 1, "label": "b"})", "`text` is not a string"},
      {R"({"text": "a", "label": null})", "`label` is not a string"},
      {R"({"text": "a", "label": ""})", "label is empty"},
      {R"({"text": "a", "label": "b\u0007"})", "control character"},
      {R"({"text": "a", "label": ")" + std::string(201, 'b') + "\"}", "longer than 200 bytes"},
      {"{\"text\": \"\xFF\xFE\", \"label\": \"b\"}", "a.jsonl:2: "},
      {std::string(2'000'000, ' '), "2000000 bytes", ErrorCode::TooLarge},
  };
  for (const auto& [line, says, code] : cases) {
    const auto rows = parse_intent_rows(right + "\n" + line + "\n", "a.jsonl");
    ASSERT_FALSE(rows) << line.substr(0, 60);
    EXPECT_EQ(rows.error().code, code) << rows.error().message;
    EXPECT_THAT(rows.error().message, HasSubstr(says));
    EXPECT_THAT(rows.error().message, testing::StartsWith("a.jsonl:2: "));
    EXPECT_FALSE(rows.error().hint.empty());
  }
}

TEST(IntentRows, ALineOf32MegabytesIsRefused) {
  const std::string line = R"({"text": ")" + std::string(32 << 20, 'a') + R"(", "label": "b"})";
  const auto rows = parse_intent_rows(line, "a.jsonl");
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, ErrorCode::TooLarge);
  EXPECT_THAT(rows.error().message, HasSubstr("a.jsonl:1: "));
}

TEST(IntentRows, AHundredThousandLabelsAreRefused) {
  std::string lines;
  for (int i = 0; i < 100'000; ++i)
    lines += R"({"text": "a", "label": "b)" + std::to_string(i) + "\"}\n";
  const auto rows = parse_intent_rows(lines, "a.jsonl");
  ASSERT_FALSE(rows);
  EXPECT_THAT(rows.error().message, HasSubstr("a.jsonl:1025: more than 1024 different labels"));
}

TEST(IntentRows, Files) {
  const TestFolder folder;
  EXPECT_EQ(read_intent_rows(folder / "missing").error().code, ErrorCode::NotFound);
  ASSERT_TRUE(write_file_atomically(folder / "empty", std::string_view{}));
  const auto empty = read_intent_rows(folder / "empty");
  ASSERT_TRUE(empty);
  EXPECT_TRUE(empty->rows.empty());
  EXPECT_FALSE(read_intent_rows(folder.path()));
}

}  // namespace
}  // namespace croft

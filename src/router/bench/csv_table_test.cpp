// Goal: tables as RFC 4180 writes them are read, and what is none is refused with its line.
// Method: a table of texts, valid and not.
#include "router/bench/csv_table.h"

#include <gtest/gtest.h>

namespace croft {
namespace {

using Rows = std::vector<std::vector<std::string>>;

TEST(CsvTable, ReadsQuotesLineEndsAndEmptyFields) {
  struct Case {
    const char* text;
    Rows rows;
  };
  for (const auto& [text, rows] :
       std::initializer_list<Case>{{"a,b\n1,2\n", {{"1", "2"}}},
                                   {"a,b\r\n1,2\r\n3,4", {{"1", "2"}, {"3", "4"}}},
                                   {"a,b\n\"x, \"\"y\"\"\n z\",\n", {{"x, \"y\"\n z", ""}}},
                                   {"a,b\n\n,\n", {{"", ""}}},
                                   {"\xEF\xBB\xBF"
                                    "a,b\n\"\",1\n",
                                    {{"", "1"}}},
                                   {"a,b\n", {}}}) {
    const auto table = parse_csv(text, "t");
    ASSERT_TRUE(table) << text << table.error().message;
    EXPECT_EQ(table->rows, rows) << text;
    EXPECT_EQ(table->header, (std::vector<std::string>{"a", "b"}));
  }
}

TEST(CsvTable, FindsColumns) {
  const auto table = parse_csv("a,b\n1,2\n", "t");
  ASSERT_TRUE(table);
  EXPECT_EQ(table->column("b"), 1U);
  EXPECT_EQ(table->column("c"), std::nullopt);
}

TEST(CsvTable, RefusesWithTheLine) {
  struct Case {
    const char* text;
    const char* says;
  };
  for (const auto& [text, says] : std::initializer_list<Case>{
           {"", "t has no header"},
           {"\n\n", "t has no header"},
           {"a,b\n1\n", "t:2: 1 fields, the header has 2"},
           {"a,b\n\"x\ny\",2\n1,2,3\n", "t:4: 3 fields, the header has 2"},
           {"a,b\n1,\"open\n\n", "t:2: a field's quote is not closed"},
           {"a,b\n\"x\"y,2\n", "t:2: text follows a field's closing quote"}}) {
    const auto table = parse_csv(text, "t");
    ASSERT_FALSE(table) << text;
    EXPECT_EQ(table.error().message, says);
    EXPECT_EQ(table.error().code, ErrorCode::InvalidArgument);
  }
}

}  // namespace
}  // namespace croft

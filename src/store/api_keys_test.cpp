// Goal: a key works, nothing else does, the file gives no key away and a damaged file is refused
// with its line. Method: files in a temporary folder; a table of damaged lines; threads that create
// keys at once.

#include "store/api_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "store/test_files.h"

namespace croft {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(ApiKeys, AbsentFileMeansNoKeys) {
  const TestFolder folder;
  const auto keys = ApiKeys::load(folder / "keys");
  ASSERT_TRUE(keys);
  EXPECT_TRUE(keys->empty());
  EXPECT_FALSE(keys->verify(""));
}

TEST(ApiKeys, CreatedKeysVerify) {
  const TestFolder folder;
  const auto path = folder / "deep/keys";
  const auto first = ApiKeys::create(path, "billing service");
  const auto second = ApiKeys::create(path, "Grüße");
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->size(), std::string("sk-croft-").size() + 43);  // 256 bits in base64url
  EXPECT_NE(*first, *second);

  const auto keys = ApiKeys::load(path);
  ASSERT_TRUE(keys) << keys.error().to_string();
  EXPECT_EQ(keys->size(), 2u);
  EXPECT_TRUE(keys->verify(*first));
  EXPECT_TRUE(keys->verify(*second));
  for (const std::string& wrong :
       {std::string{}, std::string("sk-croft-"), first->substr(1), *first + "A",
        first->substr(0, first->size() - 1), std::string(100'000, 'x')}) {
    EXPECT_FALSE(keys->verify(wrong));
  }
}

TEST(ApiKeys, FileIsPrivateAndHoldsNoKey) {
  const TestFolder folder;
  const auto key = ApiKeys::create(folder / "keys", "a");
  ASSERT_TRUE(key);
  EXPECT_THAT(read_text(folder / "keys"), Not(HasSubstr(key->substr(9))));
  const auto mode = std::filesystem::status(folder / "keys").permissions();
  EXPECT_EQ(static_cast<unsigned>(mode), 0600u);
}

TEST(ApiKeys, CommentsAndEmptyLinesAreSkipped) {
  const TestFolder folder;
  const auto key = ApiKeys::create(folder / "keys", "a");
  write_text(folder / "keys", "# ours\n\n" + read_text(folder / "keys"));
  const auto keys = ApiKeys::load(folder / "keys");
  ASSERT_TRUE(keys && key);
  EXPECT_TRUE(keys->verify(*key));
}

TEST(ApiKeys, DamagedLinesAreNamedAndNotRepeated) {
  const TestFolder folder;
  ASSERT_TRUE(ApiKeys::create(folder / "keys", "a"));
  const std::string good = read_text(folder / "keys");
  const std::string salt = good.substr(12, 22);
  for (const std::string& line :
       {std::string("sk-croft-secret"), "croft-key-2" + good.substr(11), good.substr(0, 40),
        "croft-key-1 " + salt + "A " + good.substr(35), std::string("croft-key-1    "),
        std::string("croft-key-1 \0x", 14)}) {
    write_text(folder / "keys", good + line + "\n");
    const auto keys = ApiKeys::load(folder / "keys");
    ASSERT_FALSE(keys) << line;
    EXPECT_EQ(keys.error().code, ErrorCode::Corrupt);
    EXPECT_THAT(keys.error().message, HasSubstr("line 2"));
    EXPECT_THAT(keys.error().message, Not(HasSubstr("secret")));
    EXPECT_FALSE(ApiKeys::create(folder / "keys", "b")) << "would append to a damaged file";
  }
}

TEST(ApiKeys, FileThatOthersMayWriteIsRefused) {
  const TestFolder folder;
  ASSERT_TRUE(ApiKeys::create(folder / "keys", "a"));
  std::filesystem::permissions(folder / "keys", std::filesystem::perms::others_write,
                               std::filesystem::perm_options::add);
  const auto keys = ApiKeys::load(folder / "keys");
  ASSERT_FALSE(keys);
  EXPECT_EQ(keys.error().code, ErrorCode::Forbidden);
}

TEST(ApiKeys, BadLabelsAreRefused) {
  const TestFolder folder;
  for (const std::string& label : {std::string{}, std::string(65, 'a'), std::string("a\nb"),
                                   std::string(" a"), std::string("a\0b", 3)}) {
    const auto key = ApiKeys::create(folder / "keys", label);
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().code, ErrorCode::InvalidArgument);
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "keys"));
}

TEST(ApiKeys, KeysMadeAtOnceAreAllKept) {
  const TestFolder folder;
  constexpr std::size_t threads_count = 4;
  std::array<std::string, threads_count> made;
  {
    std::vector<std::jthread> threads;
    for (std::string& key : made) {
      threads.emplace_back([&] { key = ApiKeys::create(folder / "keys", "t").value_or("failed"); });
    }
  }
  const auto keys = ApiKeys::load(folder / "keys");
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->size(), threads_count);
  for (const std::string& key : made) EXPECT_TRUE(keys->verify(key));
}

}  // namespace
}  // namespace croft

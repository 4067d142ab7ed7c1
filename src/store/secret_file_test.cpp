// Goal: a sealed secret opens with its passphrase only, and any change is noticed; a plain key file
// is read only where nobody else can read it. Method: real files.
#include "store/secret_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/atomic_file.h"
#include "io/test_folder.h"

namespace croft {
namespace {

using testing::HasSubstr;

TEST(SecretFile, OpensWithItsPassphraseOnly) {
  const std::string sealed = seal_secret("sk-cloud-123", "correct horse").value();
  EXPECT_THAT(sealed, testing::Not(HasSubstr("sk-cloud")));
  EXPECT_EQ(open_secret(sealed, "correct horse").value(), "sk-cloud-123");
  EXPECT_EQ(open_secret(sealed, "wrong").error().code, ErrorCode::Forbidden);
  EXPECT_NE(sealed, seal_secret("sk-cloud-123", "correct horse").value());
}

TEST(SecretFile, ChangesAndOtherTextsAreRefused) {
  std::string sealed = seal_secret("sk", "p").value();
  sealed[sealed.size() - 3] = sealed[sealed.size() - 3] == 'A' ? 'B' : 'A';
  EXPECT_EQ(open_secret(sealed, "p").error().code, ErrorCode::Forbidden);
  for (const char* text : {"", "croft-secret-1", "croft-secret-1 a b c", "croft-secret-1 ! ! !",
                           "croft-secret-9 AAAA AAAA AAAA"})
    EXPECT_EQ(open_secret(text, "p").error().code, ErrorCode::Corrupt) << text;
  EXPECT_EQ(seal_secret("", "p").error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(seal_secret("s", "").error().code, ErrorCode::InvalidArgument);
}

TEST(SecretFile, PlainFilesMustBeTheOwnersAlone) {
  const TestFolder folder;
  const auto path = folder / "key";
  ASSERT_TRUE(write_file_atomically(path, "  sk-plain\n"));
  std::filesystem::permissions(path, std::filesystem::perms(0640));
  EXPECT_EQ(read_secret_file(path, {}).error().code, ErrorCode::Forbidden);
  std::filesystem::permissions(path, std::filesystem::perms(0600));
  EXPECT_EQ(read_secret_file(path, {}).value(), "sk-plain");
  ASSERT_TRUE(write_file_atomically(path, "one\ntwo\n"));
  std::filesystem::permissions(path, std::filesystem::perms(0600));
  EXPECT_EQ(read_secret_file(path, {}).error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(read_secret_file(folder / "none", {}).error().code, ErrorCode::NotFound);
}

TEST(SecretFile, SealedFilesNeedThePassphrase) {
  const TestFolder folder;
  const auto path = folder / "key";
  ASSERT_TRUE(write_file_atomically(path, seal_secret("sk-sealed", "p").value() + "\n"));
  EXPECT_EQ(read_secret_file(path, std::string("p")).value(), "sk-sealed");
  const Error none = read_secret_file(path, {}).error();
  EXPECT_EQ(none.code, ErrorCode::Forbidden);
  EXPECT_THAT(none.hint, HasSubstr("CROFT_SECRETS_PASSPHRASE"));
}

}  // namespace
}  // namespace croft

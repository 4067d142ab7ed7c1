// Goal: models are found by every name people use, damaged ones are told apart, and nothing
// half-installed or outside the library ever appears (threats.md S5). Method: a library in a
// temporary folder, with small real files.

#include "store/model_library.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "store/test_files.h"

namespace croft {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

/// A GGUF of one's own, imported as `name`.
InstalledModel import_small(const TestFolder& folder, std::string_view name) {
  write_text(folder / "own/small.gguf", small_gguf());
  auto model = import_model(folder / "models", folder / "own/small.gguf", name);
  EXPECT_TRUE(model) << model.error().to_string();
  return model.value_or(InstalledModel{});
}

TEST(ModelLibrary, Root) {
  const auto root_with = [](const char* own, const char* data, const char* home) {
    const auto set = [](const char* name, const char* value) {
      value == nullptr ? ::unsetenv(name) : ::setenv(name, value, 1);
    };
    set("CROFT_MODELS_DIR", own);
    set("XDG_DATA_HOME", data);
    set("HOME", home);
    return default_model_root().string();
  };
  EXPECT_EQ(root_with("/own", "/data", "/home/a"), "/own");
  EXPECT_EQ(root_with(nullptr, "/data", "/home/a"), "/data/croft/models");
  EXPECT_EQ(root_with(nullptr, "relative", "/home/a"), "/home/a/.local/share/croft/models");
  EXPECT_EQ(root_with("", "", "/home/a"), "/home/a/.local/share/croft/models");
  EXPECT_EQ(root_with(nullptr, nullptr, nullptr), "/var/lib/croft/models");
}

TEST(ModelLibrary, AbsentRootIsEmpty) {
  const TestFolder folder;
  const auto models = list_models(folder / "none");
  ASSERT_TRUE(models);
  EXPECT_TRUE(models->empty());
  EXPECT_FALSE(fs::exists(folder / "none"));
}

TEST(ModelLibrary, ImportedModelIsPlainFiles) {
  const TestFolder folder;
  const InstalledModel model = import_small(folder, "mine");
  EXPECT_EQ(model.name, "mine:latest");
  EXPECT_EQ(model.path, folder / "models/mine/latest/small.gguf");
  EXPECT_EQ(read_text(model.path), small_gguf());
  EXPECT_EQ(model.bytes, small_gguf().size());
  EXPECT_EQ(model.sha256.size(), 64u);
  EXPECT_EQ(model.source, "file:" + (folder / "own/small.gguf").string());
  EXPECT_TRUE(fs::exists(folder / "own/small.gguf"));

  const auto models = list_models(folder / "models");
  ASSERT_TRUE(models);
  ASSERT_EQ(models->size(), 1u);
  EXPECT_EQ(models->front().sha256, model.sha256);
  EXPECT_EQ(models->front().installed_at, model.installed_at);
  EXPECT_TRUE(models->front().problem.empty());
}

TEST(ModelLibrary, Resolve) {
  const TestFolder folder;
  const fs::path root = folder / "models";
  for (const std::string_view name : {"mine", "mine:two", "smollm2:135m", "hf:User/Repo:q8_0"}) {
    import_small(folder, name);
  }
  write_text(root / "laid.gguf", small_gguf());
  write_text(root / "sub/laid.gguf", small_gguf());
  write_huggingface_folder(root / "folder");
  struct Case {
    std::string_view name;
    std::string_view path;
  };
  for (const Case& c :
       {Case{"mine", "mine/latest/small.gguf"}, Case{"MINE:Two", "mine/two/small.gguf"},
        Case{"smollm2", "smollm2/135m/small.gguf"},
        Case{"user/repo", "hf/user/repo/q8_0/small.gguf"},
        Case{"hf:user/REPO:Q8_0", "hf/user/repo/q8_0/small.gguf"}, Case{"laid.gguf", "laid.gguf"},
        Case{"sub/laid.gguf", "sub/laid.gguf"}, Case{"folder", "folder"}}) {
    const auto path = resolve_model(root, c.name);
    ASSERT_TRUE(path) << c.name << ": " << path.error().to_string();
    EXPECT_EQ(*path, root / c.path);
  }
  const std::string file = (folder / "own/small.gguf").string();
  EXPECT_EQ(resolve_model(root, file).value_or("none"), file);
}

TEST(ModelLibrary, UnknownNamesSayWhatToDo) {
  const TestFolder folder;
  import_small(folder, "mine:one");
  struct Case {
    std::string_view name;
    ErrorCode code;
    std::string_view part;
  };
  for (const Case& c : {Case{"smollm2", ErrorCode::NotFound, "croft pull smollm2:135m"},
                        Case{"user/repo:q4_0", ErrorCode::NotFound, "croft pull hf:user/repo:q4_0"},
                        Case{"mine", ErrorCode::NotFound, "mine:one"},
                        Case{"smolm2", ErrorCode::NotFound, "croft pull smollm2:"},
                        Case{"/no/such.gguf", ErrorCode::NotFound, "croft list"},
                        Case{"x.gguf", ErrorCode::NotFound, "no model file"},
                        Case{"../no/such/file", ErrorCode::NotFound, "no model file"},
                        Case{"a/../b", ErrorCode::InvalidArgument, "a/../b"},
                        Case{std::string_view("a\0b", 3), ErrorCode::InvalidArgument, "zero byte"},
                        Case{"", ErrorCode::InvalidArgument, "empty"}}) {
    const auto path = resolve_model(folder / "models", c.name);
    ASSERT_FALSE(path) << c.name;
    EXPECT_EQ(path.error().code, c.code) << c.name;
    EXPECT_THAT(path.error().to_string(), HasSubstr(std::string(c.part)));
  }
}

TEST(ModelLibrary, DamagedRecordsAreListedWithTheirProblem) {
  const TestFolder folder;
  const fs::path root = folder / "models";
  const std::string good = R"({"name":"bad:latest","file":"m.gguf","format":"gguf"})";
  for (const std::string& record :
       {std::string("{"), std::string("[]"), std::string("{}"),
        std::string(R"({"name":"bad:latest","file":"../m.gguf","format":"gguf"})"),
        std::string(R"({"name":"bad:latest","file":"/etc/passwd","format":"gguf"})"),
        std::string(R"({"name":"bad:latest","file":"..","format":"gguf"})"),
        std::string(R"({"name":"bad:latest","file":"m.gguf","format":"exe"})"),
        std::string(R"({"name":"bad:latest","file":"m.gguf","format":"gguf","sha256":"x"})"),
        std::string(R"({"name":"other:latest","file":"m.gguf","format":"gguf"})"), good}) {
    write_text(root / "bad/latest/model.json", record);  // and m.gguf is not there
    const auto models = list_models(root);
    ASSERT_TRUE(models);
    ASSERT_EQ(models->size(), 1u) << record;
    EXPECT_FALSE(models->front().problem.empty()) << record;
    const auto path = resolve_model(root, models->front().name);
    EXPECT_FALSE(path) << record;
  }
  write_text(root / "bad/latest/m.gguf", small_gguf());
  EXPECT_TRUE(resolve_model(root, "bad"));

  write_text(root / "bad/latest/model.json", "{");
  const auto removed = remove_model(root, "bad/latest");
  ASSERT_TRUE(removed) << removed.error().to_string();
  EXPECT_FALSE(fs::exists(root / "bad"));
}

TEST(ModelLibrary, ImportModes) {
  const TestFolder folder;
  const fs::path root = folder / "models";
  write_text(folder / "a.gguf", small_gguf());
  const auto linked = import_model(root, folder / "a.gguf", "linked", {.mode = ImportMode::Link});
  ASSERT_TRUE(linked) << linked.error().to_string();
  EXPECT_TRUE(fs::is_symlink(linked->path));
  const auto moved = import_model(root, folder / "a.gguf", "moved", {.mode = ImportMode::Move});
  ASSERT_TRUE(moved);
  EXPECT_FALSE(fs::exists(folder / "a.gguf"));
  const auto models = list_models(root);
  ASSERT_TRUE(models);
  ASSERT_EQ(models->size(), 2u);
  EXPECT_THAT(models->front().problem, HasSubstr("gone")) << "the link's target was moved away";
}

TEST(ModelLibrary, RemovingALinkKeepsTheModel) {
  const TestFolder folder;
  write_huggingface_folder(folder / "own");
  const auto linked = import_model(folder / "models", folder / "own", "linked",
                                   {.mode = ImportMode::Link, .licence = "MIT"});
  ASSERT_TRUE(linked) << linked.error().to_string();
  EXPECT_EQ(linked->format, ModelFormat::HuggingFace);
  EXPECT_EQ(linked->licence, "MIT");
  EXPECT_TRUE(resolve_model(folder / "models", "linked"));
  ASSERT_TRUE(remove_model(folder / "models", "linked"));
  EXPECT_TRUE(fs::exists(folder / "own/model.safetensors"));
  EXPECT_FALSE(fs::exists(folder / "models/linked"));
}

TEST(ModelLibrary, RemoveKeepsOtherTags) {
  const TestFolder folder;
  import_small(folder, "mine:one");
  import_small(folder, "mine:two");
  const auto removed = remove_model(folder / "models", "mine:one");
  ASSERT_TRUE(removed);
  EXPECT_EQ(removed->name, "mine:one");
  EXPECT_FALSE(resolve_model(folder / "models", "mine:one"));
  EXPECT_TRUE(resolve_model(folder / "models", "mine:two"));
  EXPECT_EQ(remove_model(folder / "models", "mine:one").error().code, ErrorCode::NotFound);
}

TEST(ModelLibrary, RemoveOfAFileLaidThereTakesOnlyThatFile) {
  const TestFolder folder;
  write_text(folder / "models/sub/a.gguf", small_gguf());
  write_text(folder / "models/sub/b.gguf", small_gguf());
  ASSERT_TRUE(remove_model(folder / "models", "sub/a.gguf"));
  EXPECT_FALSE(fs::exists(folder / "models/sub/a.gguf"));
  EXPECT_TRUE(fs::exists(folder / "models/sub/b.gguf"));
}

TEST(ModelLibrary, WhatCannotBeOpenedIsNotImported) {
  const TestFolder folder;
  const fs::path root = folder / "models";
  write_text(folder / "text.gguf", "no model");
  write_text(folder / "cut.gguf", small_gguf().substr(0, 40));
  write_huggingface_folder(folder / "noconfig");
  write_text(folder / "noconfig/config.json", "{");
  write_huggingface_folder(folder / "badweights");
  write_text(folder / "badweights/model.safetensors", "short");
  fs::create_directories(folder / "empty");
  for (const std::string_view source :
       {"text.gguf", "cut.gguf", "noconfig", "badweights", "empty", "absent"}) {
    EXPECT_FALSE(import_model(root, folder / source, "mine")) << source;
  }
  write_text(folder / "good.gguf", small_gguf());
  EXPECT_EQ(import_model(root, folder / "good.gguf", "../mine").error().code,
            ErrorCode::InvalidArgument);
  ASSERT_TRUE(import_model(root, folder / "good.gguf", "mine"));
  const auto again = import_model(root, folder / "good.gguf", "mine", {.mode = ImportMode::Move});
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().message, HasSubstr("installed already"));
  EXPECT_TRUE(fs::exists(folder / "good.gguf"));
  const auto models = list_models(root);
  ASSERT_TRUE(models);
  EXPECT_EQ(models->size(), 1u);
}

TEST(ModelLibrary, CirclesOfLinksEnd) {
  const TestFolder folder;
  fs::create_directories(folder / "models/a");
  fs::create_directory_symlink(folder / "models", folder / "models/a/back");
  write_text(folder / "models/x.gguf", small_gguf());
  const auto models = list_models(folder / "models");
  ASSERT_TRUE(models);
  EXPECT_EQ(models->size(), 1u);
}

}  // namespace
}  // namespace croft

// Goal: good names become their canonical form and folder; nothing that could leave the library
// does (threats.md S5). Method: two tables.

#include "store/model_name.h"

#include <gtest/gtest.h>

namespace croft {
namespace {

TEST(ModelName, GoodNames) {
  struct Case {
    std::string_view text;
    std::string_view written;
    std::string_view folder;
  };
  for (const Case& c : {
           Case{"smollm2:135m", "smollm2:135m", "smollm2/135m"},
           Case{"SmolLM2:135M", "smollm2:135m", "smollm2/135m"},
           Case{"a.b-c_d:v1.5", "a.b-c_d:v1.5", "a.b-c_d/v1.5"},
           Case{"hf:User/Repo-GGUF:Q4_K_M", "hf:User/Repo-GGUF:q4_k_m", "hf/user/repo-gguf/q4_k_m"},
           Case{"user/repo:q8_0", "hf:user/repo:q8_0", "hf/user/repo/q8_0"},
           Case{"https://huggingface.co/user/repo:f16", "hf:user/repo:f16", "hf/user/repo/f16"},
           Case{"hf.co/user/repo:f16", "hf:user/repo:f16", "hf/user/repo/f16"},
       }) {
    const auto name = ModelName::parse(c.text);
    ASSERT_TRUE(name) << c.text << ": " << name.error().to_string();
    EXPECT_EQ(name->text(), c.written);
    EXPECT_EQ(name->folder().generic_string(), c.folder);
  }
}

TEST(ModelName, BadNames) {
  const std::string nul("smollm2\0:135m", 13);
  const std::string long_part(97, 'a');
  const std::string long_whole =
      std::string(90, 'a') + "/" + std::string(90, 'b') + ":" + std::string(90, 'c');
  for (const std::string_view text : {std::string_view(""),
                                      std::string_view(":"),
                                      std::string_view("a:"),
                                      std::string_view(":b"),
                                      std::string_view(".."),
                                      std::string_view("."),
                                      std::string_view(".hidden"),
                                      std::string_view("../x"),
                                      std::string_view("a/../b"),
                                      std::string_view("/etc/passwd"),
                                      std::string_view("a/b/c"),
                                      std::string_view("a//b"),
                                      std::string_view("a/"),
                                      std::string_view("a:b:c"),
                                      std::string_view("a:../b"),
                                      std::string_view("a:.."),
                                      std::string_view("a..b"),
                                      std::string_view("a\\b"),
                                      std::string_view("a b"),
                                      std::string_view("a\nb"),
                                      std::string_view("a%2fb"),
                                      std::string_view("~root"),
                                      std::string_view("-x"),
                                      std::string_view("hf:repo"),
                                      std::string_view("hf:"),
                                      std::string_view("hf"),
                                      std::string_view("hf:a/b/c"),
                                      std::string_view("größe"),
                                      std::string_view("m@sha256:00"),
                                      std::string_view(nul),
                                      std::string_view(long_part),
                                      std::string_view(long_whole)}) {
    const auto name = ModelName::parse(text);
    ASSERT_FALSE(name) << text;
    EXPECT_EQ(name.error().code, ErrorCode::InvalidArgument);
    EXPECT_EQ(name.error().message.find('\n'), std::string::npos);
  }
}

}  // namespace
}  // namespace croft

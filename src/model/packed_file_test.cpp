// Goal: a packed file gives the answers of its original bit for bit, and a damaged, foreign or
// hostile one gets a sentence that names the fault. Method: small models of every quantized type,
// also fused and tied ones; files built with one lie each (with digests that fit, where the lie is
// meant to come through); each byte region flipped; a child process without memory.
#include "model/packed_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bit>
#include <cmath>
#include <fstream>

#include "model/test_models.h"

namespace croft {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class PackedFileTest : public testing::Test {
 protected:
  PackedFileTest() {
    std::string name = (fs::temp_directory_path() / "croft-pack-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a folder");
    folder_ = name;
    source_ = folder_ / "model.gguf";
    target_ = folder_ / "model.croft.gguf";
  }
  ~PackedFileTest() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  void make(const TestModelOptions& options) { TestModelWriter(options).write(source_); }
  void make_packed() {
    make({.types = {TensorType::Q4_0, TensorType::Q6_K}});
    const auto packed = pack_model_file(source_, target_, {.threads = 2});
    ASSERT_TRUE(packed) << packed.error().to_string();
  }
  [[nodiscard]] std::string contents() const {
    std::ifstream in(target_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  void replace(const std::string& bytes) const {
    std::ofstream(target_, std::ios::binary | std::ios::trunc) << bytes;
  }
  [[nodiscard]] std::size_t files_count() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator{}));
  }

  fs::path folder_, source_, target_;
};

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return std::ranges::equal(
      a, b, {}, [](float x) { return std::bit_cast<std::uint32_t>(x); },
      [](float x) { return std::bit_cast<std::uint32_t>(x); });
}

void expect_refused(const fs::path& path, ErrorCode code, const std::string& says,
                    const std::string& field = {}) {
  const auto model = Model::load(path);
  ASSERT_FALSE(model) << says;
  EXPECT_EQ(model.error().code, code) << model.error().to_string();
  EXPECT_THAT(model.error().to_string(), HasSubstr(says));
  EXPECT_TRUE(field.empty() || model.error().field == field) << model.error().field;
}

TEST_F(PackedFileTest, EqualsTheOriginalBitForBit) {
  using enum TensorType;
  const std::vector<TensorType> all = {Q4_0, Q4_1, Q5_0, Q5_1,   Q8_0,   Q2_K, Q3_K,
                                       Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS, F16,  F32};
  std::vector<TestModelOptions> cases = {
      {.types = {Q4_0, F16, Q8_0, F32}},
      {.types = {Q4_K, Q6_K}, .tied = true},
      {.types = {Q5_0, Q5_1, Q3_K}, .phi3 = true},
      {.types = {Q4_0, Q4_1}, .phi3 = true, .tied = true, .kv_heads = 1, .head_size = 8}};
  for (std::size_t first = 0; first < all.size(); first += 3) {
    TestModelOptions turned{.types = all};
    std::ranges::rotate(turned.types, turned.types.begin() + static_cast<std::ptrdiff_t>(first));
    cases.push_back(turned);
  }
  for (std::size_t i = 0; i < cases.size(); ++i) {
    SCOPED_TRACE(i);
    make(cases[i]);
    const auto packed = pack_model_file(source_, target_, {.threads = 2, .overwrite = true});
    ASSERT_TRUE(packed) << packed.error().to_string();
    EXPECT_EQ(packed->bytes, fs::file_size(target_));
    const auto original = Model::load(source_);
    ASSERT_TRUE(original) << original.error().to_string();
    const std::vector<float> expected = prompt_logits(**original);
    EXPECT_TRUE(std::ranges::all_of(expected, [](float x) { return std::isfinite(x); }));
    for (const bool pack : {true, false}) {
      const auto loaded = Model::load(target_, {.pack = pack, .threads = 1});
      ASSERT_TRUE(loaded) << loaded.error().to_string();
      EXPECT_TRUE(same_bits(prompt_logits(**loaded), expected));
      EXPECT_EQ((*loaded)->info().packed_layout, 1U);
      EXPECT_TRUE((*loaded)->decoder()->weights().output.is_packed() ||
                  packed_format((*loaded)->decoder()->weights().output.type()) == nullptr);
    }
    EXPECT_EQ((*original)->info().packed_layout, 0U);
  }
}

TEST_F(PackedFileTest, TheSourceStaysInTheMetadata) {
  make({.types = {TensorType::Q4_0}});
  ASSERT_TRUE(pack_model_file(source_, target_, {.source_sha256 = std::string(64, 'a')}));
  const auto summary = summarize_model(target_);
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->problem, "");
  EXPECT_EQ(summary->info.packed_layout, 1U);
  EXPECT_EQ(summary->info.tensors_count, summarize_model(source_)->info.tensors_count);
  EXPECT_THAT(summary->metadata,
              testing::Contains(testing::Pair("croft.packed.source_sha256", std::string(64, 'a'))));
  // The same input gives the same bytes, whatever the threads.
  const std::string first = contents();
  ASSERT_TRUE(pack_model_file(
      source_, target_, {.threads = 3, .overwrite = true, .source_sha256 = std::string(64, 'a')}));
  EXPECT_EQ(contents(), first);
}

TEST_F(PackedFileTest, WhatCannotBePackedIsRefused) {
  const auto refusal = [&](const fs::path& from, const fs::path& to) {
    return pack_model_file(from, to).error();
  };
  make_packed();
  EXPECT_THAT(refusal(target_, folder_ / "twice.gguf").message, HasSubstr("packed already"));
  EXPECT_THAT(refusal(source_, target_).hint, HasSubstr("--force"));
  EXPECT_THAT(pack_model_file(source_, source_, {.overwrite = true}).error().message,
              HasSubstr("is the file"));
  EXPECT_EQ(refusal(folder_, folder_ / "x.gguf").code, ErrorCode::Unsupported);
  EXPECT_EQ(refusal(folder_ / "none.gguf", folder_ / "x.gguf").code, ErrorCode::NotFound);
  EXPECT_EQ(refusal(source_, folder_ / "none/x.gguf").code, ErrorCode::NotFound);
  make({.types = {TensorType::F16, TensorType::F32}});
  EXPECT_EQ(refusal(source_, folder_ / "x.gguf").code, ErrorCode::Unsupported);
  make({.types = {TensorType::Q8_0}});
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(pack_model_file(source_, folder_ / "x.gguf", {.stop = stop.get_token()}).error().code,
            ErrorCode::Cancelled);
  EXPECT_EQ(files_count(), 2U);  // the source and the first packed file: nothing else stays
}

TEST_F(PackedFileTest, ProgressEndsAtTheWhole) {
  make({.types = {TensorType::Q4_0}});
  std::uint64_t last = 0;
  std::uint64_t whole = 0;
  ASSERT_TRUE(pack_model_file(source_, target_,
                              {.on_progress = [&](std::uint64_t done, std::uint64_t total) {
                                EXPECT_GE(done, last);
                                last = done;
                                whole = total;
                              }}));
  EXPECT_EQ(last, whole);
  EXPECT_GT(whole, 0U);
}

TEST_F(PackedFileTest, OneAlteredByteIsSeen) {
  make_packed();
  const std::string good = contents();
  const auto model = open_gguf_model(target_);
  ASSERT_TRUE(model);
  for (const GgufTensor& tensor : model->file.tensors) {
    std::string bad = good;
    const auto at = tensor.bytes.data() - model->mapping.bytes().data();
    bad[static_cast<std::size_t>(at) + tensor.bytes.size() / 2] ^= 1;
    const fs::path path = folder_ / "bad.gguf";
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bad;
    expect_refused(path, ErrorCode::Corrupt, "do not match their digest", std::string(tensor.name));
    expect_refused(path, ErrorCode::Corrupt, "Pack it again from the original file");
  }
  // Names and values of the metadata: whichever check sees it, none lets it pass.
  for (const std::string_view part :
       {"croft.packed.layout", "context_length", "croft.packed.tensors", "croft.packed.digests",
        "blk.0.ffn_norm.weight", "croft.packed.header_digest", "tokenizer.ggml.scores"}) {
    std::string bad = good;
    const std::size_t at = bad.rfind(part);
    ASSERT_NE(at, std::string::npos) << part;
    for (const std::size_t offset : {std::size_t{14}, part.size() + 20}) {
      bad[at + offset] ^= 1;
      replace(bad);
      EXPECT_FALSE(Model::load(target_)) << part << " + " << offset;
      bad[at + offset] ^= 1;
    }
  }
  replace(good);
  EXPECT_TRUE(Model::load(target_));
}

TEST_F(PackedFileTest, ATruncatedFileIsRefused) {
  make_packed();
  const std::string good = contents();
  for (const std::size_t size : {good.size() - 64, good.size() / 2, std::size_t{5000}}) {
    replace(good.substr(0, size));
    EXPECT_EQ(Model::load(target_).error().code, ErrorCode::Corrupt) << size;
  }
}

/// The packed file once more, with one key left out or replaced and, where wanted, a digest of the
/// header that fits.
struct Lie {
  std::string_view key;
  void (*instead)(GgufWriter&);
  bool digest_fits = true;
};

GgufWriter with_lie(const GgufModelFile& good, const Lie& lie, const std::string& digest,
                    bool with_tensors) {
  GgufWriter out;
  for (const auto& [key, value] : good.file.metadata) {
    if (key == lie.key) {
      lie.instead(out);
    } else if (key != packed_keys::header_digest) {
      EXPECT_TRUE(out.add(key, value));
    }
  }
  if (lie.key != packed_keys::header_digest) {
    EXPECT_TRUE(out.add_string(packed_keys::header_digest, digest));
  }
  if (!with_tensors) return out;
  for (const GgufTensor& tensor : good.file.tensors)
    EXPECT_TRUE(out.add_tensor(
        {std::string(tensor.name), tensor.type, tensor.shape,
         [&tensor]() -> Result<std::span<const std::byte>> { return tensor.bytes; }}));
  return out;
}

void write_lie(const GgufModelFile& good, const Lie& lie, const fs::path& path) {
  std::string digest(packed_digest_digits, '0');
  const std::string bare = with_lie(good, lie, digest, false).header().value();
  const std::string header = with_lie(good, lie, digest, true).header().value();
  if (lie.digest_fits && lie.key != packed_keys::header_digest)
    digest = packed_header_digest(std::as_bytes(std::span(header)),
                                  bare.find_last_not_of('\0') + 1 - packed_digest_digits);
  ASSERT_TRUE(with_lie(good, lie, digest, true).write(path));
}

void nothing(GgufWriter&) {}

void add_names(GgufWriter& out, const std::vector<std::string>& names) {
  EXPECT_TRUE(out.add_strings(packed_keys::tensors, names));
}

template <typename T>
void add_digests(GgufWriter& out, std::size_t count) {
  EXPECT_TRUE(out.add_numbers<T>(packed_keys::digests, std::vector<T>(count)));
}

struct LieCase {
  Lie lie;
  std::string_view says;
  std::string_view field;
  ErrorCode code = ErrorCode::Corrupt;
};

constexpr std::string_view kVersionText =
    "packed by another version of Croft (layout 2, this one reads 1). Run croft pack on the";

const LieCase kLies[] = {
    {{packed_keys::layout,
      [](GgufWriter& out) { EXPECT_TRUE(out.add_scalar<std::uint32_t>(packed_keys::layout, 2)); }},
     kVersionText,
     packed_keys::layout,
     ErrorCode::Unsupported},
    {{packed_keys::layout, nothing}, "no usable", packed_keys::layout},
    {{packed_keys::layout,
      [](GgufWriter& out) { EXPECT_TRUE(out.add_string(packed_keys::layout, "1")); }},
     "croft.packed.layout",
     packed_keys::layout},
    {{packed_keys::tensors, [](GgufWriter& out) { add_names(out, {"no.such"}); }},
     "which is not in it",
     packed_keys::tensors},
    {{packed_keys::tensors, [](GgufWriter& out) { add_names(out, {"output_norm.weight"}); }},
     "whose type F32 or shape has no packed layout",
     packed_keys::tensors},
    {{packed_keys::tensors,
      [](GgufWriter& out) { add_names(out, {"output.weight", "output.weight"}); }},
     "twice",
     packed_keys::tensors},
    {{packed_keys::tensors, nothing}, "no usable", packed_keys::tensors},
    {{packed_keys::digests, [](GgufWriter& out) { add_digests<std::uint64_t>(out, 2); }},
     "croft.packed.digests has 2 entries for 12 tensors",
     packed_keys::digests},
    {{packed_keys::digests, [](GgufWriter& out) { add_digests<std::uint32_t>(out, 12); }},
     "no usable",
     packed_keys::digests},
    {{packed_keys::digests, [](GgufWriter& out) { add_digests<std::uint64_t>(out, 12); }},
     "do not match their digest",
     "token_embd.weight"},
    {{packed_keys::header_digest, nothing}, "no usable", packed_keys::header_digest},
    {{"general.alignment",
      [](GgufWriter& out) { EXPECT_TRUE(out.add_scalar<std::uint32_t>("general.alignment", 32)); }},
     "general.alignment is 32",
     "general.alignment"},
    {{"llama.context_length",
      [](GgufWriter& out) {
        EXPECT_TRUE(out.add_scalar<std::uint32_t>("llama.context_length", 511));
      },
      false},
     "metadata or tensor table was altered",
     packed_keys::header_digest},
};

TEST_F(PackedFileTest, HostileMetadataNameTheField) {
  make_packed();
  const auto good = open_gguf_model(target_);
  ASSERT_TRUE(good);
  const fs::path path = folder_ / "lie.gguf";
  for (const auto& [lie, says, field, code] : kLies) {
    SCOPED_TRACE(says);
    write_lie(*good, lie, path);
    expect_refused(path, code, std::string(says), std::string(field));
    // `croft show` says the same, but for the bytes of tensors, which it does not read.
    if (field.starts_with("croft.")) {
      EXPECT_THAT(summarize_model(path)->problem, HasSubstr(std::string(says)));
    }
  }
  // The helper itself tells no lie where none is asked for.
  write_lie(*good, {"none", nothing}, path);
  EXPECT_TRUE(Model::load(path));
}

TEST_F(PackedFileTest, WithoutMemoryTheSentenceIsClearAndNoFileStays) {
  // Matrices of 8 MB, and an address space that has 4 MB left.
  make({.types = {TensorType::Q8_0}, .ffn = 28 * 1024});
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    std::size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    const rlim_t now = pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    // The mapping of the source comes on top of what there is.
    const rlim_t most = now + fs::file_size(source_) + (rlim_t{4} << 20);
    const rlimit limit{most, most};
    if (::setrlimit(RLIMIT_AS, &limit) != 0) ::_exit(3);
    const auto packed = pack_model_file(source_, target_, {.threads = 1});
    if (packed || packed.error().code != ErrorCode::TooLarge) ::_exit(1);
    const bool clear =
        packed.error().message.find("no memory for the packed weights") != std::string::npos;
    ::_exit(clear ? 0 : 2);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  EXPECT_EQ(files_count(), 1U);
}

}  // namespace
}  // namespace croft

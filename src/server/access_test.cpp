// Goal: nobody who should not talk to the server can. Method: tables of headers against policies;
// S6 and S8 of the threat list are named. Key files are made in a temporary folder.
#include "server/access.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace croft {
namespace {

HttpRequest with(std::vector<HttpHeader> headers, bool http_1_0 = false) {
  HttpRequest request;
  request.method = "GET";
  request.path = "/v1/models";
  request.headers = std::move(headers);
  request.http_1_0 = http_1_0;
  return request;
}

AccessPolicy loopback_policy() {
  AccessPolicy policy;
  policy.host = "127.0.0.1";
  return policy;
}

/// A key file in a folder of its own, removed at the end.
class KeyFile {
 public:
  KeyFile() {
    std::string name = std::filesystem::temp_directory_path() / "croft-access-XXXXXX";
    folder_ = mkdtemp(name.data());
    key_ = ApiKeys::create(path(), "test").value();
  }
  ~KeyFile() { std::filesystem::remove_all(folder_); }
  KeyFile(const KeyFile&) = delete;
  KeyFile& operator=(const KeyFile&) = delete;
  [[nodiscard]] std::filesystem::path path() const { return folder_ / "keys"; }
  [[nodiscard]] std::filesystem::path absent() const { return folder_ / "none"; }
  [[nodiscard]] const std::string& key() const { return key_; }

 private:
  std::filesystem::path folder_;
  std::string key_;
};

TEST(Access, S6_HostIsCheckedOnLoopback) {
  AccessPolicy policy = loopback_policy();
  policy.allowed_hosts = {"croft.lan", "proxy.example:8443"};
  for (const char* host :
       {"localhost", "LocalHost:8080", "127.0.0.1", "127.0.0.1:1", "127.8.9.1:80", "[::1]",
        "[::1]:8080", "croft.lan", "croft.lan:9", "proxy.example:8443"})
    EXPECT_TRUE(check_host(policy, with({{"Host", host}}))) << host;
  for (const char* host :
       {"", ":80", "evil.example", "127.0.0.1.evil.example", "127.evil.example:80",
        "localhost.evil.example", "localhost@evil.example", "192.168.1.5", "proxy.example",
        "[::2]:80", "[::1", "127.0.0.1:80:evil.example"}) {
    const Result<void> allowed = check_host(policy, with({{"Host", host}}));
    ASSERT_FALSE(allowed) << host;
    EXPECT_EQ(allowed.error().code, ErrorCode::Forbidden) << host;
  }
}

TEST(Access, S6_HostMustBeThereOnce) {
  const AccessPolicy policy = loopback_policy();
  EXPECT_EQ(check_host(policy, with({})).error().code, ErrorCode::InvalidArgument);
  EXPECT_TRUE(check_host(policy, with({}, true)));
  EXPECT_FALSE(check_host(policy, with({{"Host", "localhost"}, {"host", "evil.example"}})));
}

TEST(Access, S6_BeyondLoopbackNumericAddressesPass) {
  AccessPolicy policy;
  policy.host = "0.0.0.0";
  policy.loopback = false;
  EXPECT_TRUE(check_host(policy, with({{"Host", "192.168.1.5:8080"}})));
  EXPECT_TRUE(check_host(policy, with({{"Host", "[fe80::1]:8080"}})));
  EXPECT_FALSE(check_host(policy, with({{"Host", "evil.example"}})));
}

TEST(Access, S6_OriginIsCheckedOnLoopback) {
  AccessPolicy policy = loopback_policy();
  const auto passes = [&](const char* origin) {
    return check_origin(policy, with({{"Host", "localhost:8080"}, {"Origin", origin}})).has_value();
  };
  EXPECT_TRUE(check_origin(policy, with({{"Host", "localhost"}})));
  EXPECT_TRUE(passes("http://localhost:8080"));  // the server's own page
  for (const char* origin : {"http://evil.example", "null", "", "http://localhost:9999",
                             "file://localhost:8080", "http://localhost:8080.evil.example"})
    EXPECT_FALSE(passes(origin)) << origin;
  policy.allowed_origins = {"https://app.example"};
  EXPECT_TRUE(passes("https://app.example"));
  EXPECT_FALSE(passes("https://app.example.evil.example"));
  policy.allowed_origins = {"*"};
  EXPECT_TRUE(passes("http://anything.example"));
}

TEST(Access, S8_NoStartBeyondLoopbackWithoutAKey) {
  const KeyFile file;
  for (const char* host : {"0.0.0.0", "::", "192.168.1.5", "croft.lan"}) {
    ServerOptions options;
    options.host = host;
    const Result<AccessPolicy> without = make_access_policy(options);
    ASSERT_FALSE(without) << host;
    EXPECT_EQ(without.error().code, ErrorCode::Forbidden);
    EXPECT_FALSE(without.error().hint.empty());
    options.key_file = file.absent();
    EXPECT_FALSE(make_access_policy(options)) << "a key file without keys, " << host;
    options.key_file = file.path();
    const Result<AccessPolicy> policy = make_access_policy(options);
    ASSERT_TRUE(policy) << host;
    EXPECT_TRUE(policy->require_key);
  }
  for (const char* host : {"127.0.0.1", "localhost", "::1", "[::1]", "127.0.0.2"}) {
    ServerOptions options;
    options.host = host;
    const Result<AccessPolicy> policy = make_access_policy(options);
    ASSERT_TRUE(policy) << host;
    EXPECT_FALSE(policy->require_key);
    options.require_key = true;
    EXPECT_FALSE(make_access_policy(options)) << host;
  }
}

TEST(Access, AnyOriginIsRefusedBeyondLoopback) {
  const KeyFile file;
  ServerOptions options;
  options.allowed_origins = {"*"};
  EXPECT_TRUE(make_access_policy(options));
  options.host = "0.0.0.0";
  options.key_file = file.path();
  EXPECT_EQ(make_access_policy(options).error().code, ErrorCode::InvalidArgument);
}

TEST(Access, S8_KeysAreVerified) {
  const KeyFile file;
  ServerOptions options;
  options.host = "0.0.0.0";
  options.key_file = file.path();
  const AccessPolicy policy = make_access_policy(options).value();
  const auto passes = [&](RouteAccess access, std::vector<HttpHeader> headers) {
    return check_key(policy, access, with(std::move(headers))).has_value();
  };
  using enum RouteAccess;
  EXPECT_TRUE(passes(Open, {}));
  for (const RouteAccess access : {Keyed, Metrics}) {
    EXPECT_FALSE(passes(access, {}));
    EXPECT_FALSE(passes(access, {{"Authorization", "Bearer"}}));
    EXPECT_FALSE(passes(access, {{"Authorization", "Bearer "}}));
    EXPECT_FALSE(passes(access, {{"Authorization", "Bearer sk-croft-wrong"}}));
    EXPECT_FALSE(passes(access, {{"Authorization", "Basic " + file.key()}}));
    EXPECT_FALSE(passes(access, {{"x-api-key", file.key() + "x"}}));
    EXPECT_TRUE(passes(access, {{"Authorization", "Bearer " + file.key()}}));
    EXPECT_TRUE(passes(access, {{"authorization", "bearer " + file.key()}}));
    EXPECT_TRUE(passes(access, {{"X-Api-Key", file.key()}}));
  }
}

TEST(Access, LoopbackNeedsNoKeyUnlessToldSo) {
  const AccessPolicy policy = loopback_policy();
  EXPECT_TRUE(check_key(policy, RouteAccess::Keyed, with({})));
  EXPECT_TRUE(check_key(policy, RouteAccess::Metrics, with({{"Authorization", "Bearer unused"}})));
}

}  // namespace
}  // namespace croft

// Goal: a pull goes to the hub and to public https hosts only (threats.md S7). Method: tables.

#include "store/url_origin.h"

#include <gtest/gtest.h>

namespace croft {
namespace {

TEST(UrlOrigin, Parses) {
  const auto origin = UrlOrigin::parse("HTTPS://Hub.Example.:8443/a?b@c");
  ASSERT_TRUE(origin);
  EXPECT_EQ(origin->scheme, "https");
  EXPECT_EQ(origin->host, "hub.example");
  EXPECT_EQ(origin->port, 8443);
  EXPECT_EQ(UrlOrigin::parse("http://[::1]/")->host, "::1");
  EXPECT_EQ(UrlOrigin::parse("https://a")->port, 443);
}

TEST(UrlOrigin, RefusesWhatReadersDisagreeOn) {
  for (const std::string_view url :
       {"", "hub.example", "ftp://a/", "file:///etc/passwd", "https://", "https://:80/",
        "https://user@hub.example/", "https://good\\@evil/", "https://a:99999/", "https://a:x/",
        "https://[::1/", "https://a b/", "//a/"}) {
    EXPECT_FALSE(UrlOrigin::parse(url)) << url;
  }
}

TEST(UrlOrigin, Redirects) {
  const UrlOrigin hub = *UrlOrigin::parse("https://huggingface.co");
  for (const std::string_view url :
       {"https://huggingface.co/x", "https://cdn-lfs.hf.co/x", "https://8.8.8.8/x"}) {
    EXPECT_TRUE(may_follow(hub, url)) << url;
  }
  for (const std::string_view url : {"http://huggingface.co/x",
                                     "http://cdn-lfs.hf.co/",
                                     "https://localhost/",
                                     "https://127.0.0.1/",
                                     "https://2130706433/",
                                     "https://0x7f.1/",
                                     "https://10.1.2.3/",
                                     "https://169.254.169.254/latest/meta-data",
                                     "https://192.168.0.1/",
                                     "https://172.31.0.1/",
                                     "https://100.64.0.1/",
                                     "https://0.0.0.0/",
                                     "https://[::1]/",
                                     "https://[fe80::1]/",
                                     "https://[fd00::1]/",
                                     "https://[::ffff:127.0.0.1]/",
                                     "https://intranet/",
                                     "https://metadata.google.internal/",
                                     "https://printer.local/",
                                     "ftp://cdn-lfs.hf.co/",
                                     "https://user@cdn-lfs.hf.co/"}) {
    EXPECT_FALSE(may_follow(hub, url)) << url;
  }
}

TEST(UrlOrigin, AHubOfTheHouseMayRedirectToItself) {
  const UrlOrigin mirror = *UrlOrigin::parse("http://mirror.corp:8080");
  EXPECT_TRUE(may_follow(mirror, "http://mirror.corp:8080/x"));
  EXPECT_FALSE(may_follow(mirror, "http://mirror.corp:8081/x"));
  EXPECT_FALSE(may_follow(mirror, "http://127.0.0.1:8080/x"));
  const UrlOrigin loopback = *UrlOrigin::parse("http://127.0.0.1:1234");
  EXPECT_TRUE(may_follow(loopback, "http://localhost:99/x"));
  EXPECT_FALSE(may_follow(loopback, "http://192.0.2.1/x"));
}

}  // namespace
}  // namespace croft

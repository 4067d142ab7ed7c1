#pragma once
/// For tests only: the same test on SQLite (a file in a fresh folder) and on PostgreSQL (a real
/// server, one a test process, emptied before each test).
///
///   class MyTest : public DatabaseTest {};
///   INSTANTIATE_TEST_SUITE_P(Databases, MyTest, both_databases, database_name);
///   TEST_P(MyTest, Something) { Database database = open(); ... }

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "io/test_folder.h"
#include "store/database/test_postgres.h"

namespace croft {

class DatabaseTest : public ::testing::TestWithParam<DatabaseKind> {
 protected:
  void SetUp() override {
    if (GetParam() == DatabaseKind::Sqlite) {
      address_ = folder_ / "test.db";
      return;
    }
    if (!TestPostgres::programs())
      GTEST_SKIP() << "PostgreSQL's server is not installed (Debian: postgresql)";
    address_ = postgres().address();
    Database database = open();
    const auto emptied = database.script("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    ASSERT_TRUE(emptied) << emptied.error().to_string();
  }

  static TestPostgres& postgres() {
    static TestPostgres server;
    return server;
  }
  [[nodiscard]] Database open(const DatabaseOptions& options = {}) const {
    auto opened = Database::open(address_, options);
    if (!opened) throw std::runtime_error(opened.error().to_string());
    return std::move(*opened);
  }
  [[nodiscard]] bool is_postgres() const { return GetParam() == DatabaseKind::Postgres; }

  TestFolder folder_;
  std::string address_;
};

inline const auto both_databases = ::testing::Values(DatabaseKind::Sqlite, DatabaseKind::Postgres);
inline std::string database_name(const ::testing::TestParamInfo<DatabaseKind>& info) {
  return info.param == DatabaseKind::Sqlite ? "sqlite" : "postgres";
}

}  // namespace croft

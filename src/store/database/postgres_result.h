#pragma once
/// Answers of PostgreSQL: rows, and what its error codes mean for us. For database/ only.

#include <memory>
#include <string>

#include "store/database/connection.h"

struct pg_result;

namespace croft {

struct ClearResult {
  void operator()(pg_result* result) const;
};
using PostgresResult = std::unique_ptr<pg_result, ClearResult>;

/// One row of an answer in the binary format.
class PostgresRow final : public Row {
 public:
  explicit PostgresRow(const pg_result* result) : result_(result) {}
  void move_to(int row) { row_ = row; }

  [[nodiscard]] int column_count() const override;
  [[nodiscard]] bool is_null(int column) const override;
  [[nodiscard]] Result<std::int64_t> int64(int column) const override;
  [[nodiscard]] Result<double> real(int column) const override;
  [[nodiscard]] Result<std::string_view> text(int column) const override;
  [[nodiscard]] Result<std::span<const std::byte>> blob(int column) const override;

 private:
  [[nodiscard]] std::string_view value(int column) const;
  [[nodiscard]] std::unexpected<Error> wrong(int column, std::string_view wanted) const;

  const pg_result* result_;
  int row_ = 0;
};

struct PostgresFailure {
  DatabaseFault fault = DatabaseFault::Other;
  Error error;
};

/// `state` is the five characters of SQLSTATE, empty where the server said nothing; `detail` its
/// words, free of passwords.
[[nodiscard]] PostgresFailure postgres_failure(std::string_view state, std::string_view detail,
                                               const std::string& shown);

/// ?1 becomes $1, outside quotes.
[[nodiscard]] std::string postgres_text(std::string_view sql);

}  // namespace croft

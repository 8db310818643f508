// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "store/database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "base/testing/temporary_folder.h"
#include "store/schema.h"

namespace arcella::store {
namespace {

using ::testing::HasSubstr;

Database in_memory() {
  return Database::open(":memory:").value();
}

TEST(Database, BindsAndReadsTextAndNumbers) {
  Database database = in_memory();
  ASSERT_TRUE(database.run("CREATE TABLE t (a TEXT, b INTEGER)").has_value());
  Statement insert = database.prepare("INSERT INTO t VALUES (?, ?)").value();
  std::string nul("x\0y", 3);
  ASSERT_TRUE(insert.bind(1, nul).bind(2, std::int64_t{-7}).run().has_value());
  EXPECT_EQ(database.changes(), 1);
  Statement query = database.prepare("SELECT a, b FROM t").value();
  ASSERT_TRUE(query.step().value());
  EXPECT_EQ(query.text(0), nul);
  EXPECT_EQ(query.integer(1), -7);
  EXPECT_FALSE(query.step().value());
}

TEST(Database, AnEmptyTextIsNotNull) {
  Database database = in_memory();
  ASSERT_TRUE(database.run("CREATE TABLE t (a TEXT NOT NULL)").has_value());
  Statement insert = database.prepare("INSERT INTO t VALUES (?)").value();
  EXPECT_TRUE(insert.bind(1, std::string_view()).run().has_value());
}

TEST(Database, ReportsABindThatFailed) {
  Database database = in_memory();
  Statement query = database.prepare("SELECT ?").value();
  EXPECT_FALSE(query.bind(2, "x").step().has_value());
}

TEST(Database, ATransactionRollsBackUnlessCommitted) {
  Database database = in_memory();
  ASSERT_TRUE(database.run("CREATE TABLE t (a)").has_value());
  {
    Transaction transaction = Transaction::begin(database).value();
    ASSERT_TRUE(database.run("INSERT INTO t VALUES (1)").has_value());
  }
  EXPECT_EQ(database.integer("SELECT count(*) FROM t").value(), 0);
  {
    Transaction transaction = Transaction::begin(database).value();
    ASSERT_TRUE(database.run("INSERT INTO t VALUES (1)").has_value());
    ASSERT_TRUE(transaction.commit().has_value());
  }
  EXPECT_EQ(database.integer("SELECT count(*) FROM t").value(), 1);
}

TEST(Database, AFullDatabaseIsNoSpace) {
  Database database = in_memory();
  ASSERT_TRUE(database.run("CREATE TABLE t (a); PRAGMA max_page_count = 3;").has_value());
  auto done = database.run("INSERT INTO t VALUES (zeroblob(100000))");
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code(), ErrorCode::NoSpace);
}

TEST(Database, ConstraintsHaveCodesOfTheirOwn) {
  Database database = in_memory();
  ASSERT_TRUE(database.make_durable().has_value());
  ASSERT_TRUE(
      database
          .run("CREATE TABLE p (id TEXT PRIMARY KEY); CREATE TABLE c (p TEXT REFERENCES p(id));"
               "INSERT INTO p VALUES ('a');")
          .has_value());
  EXPECT_EQ(database.run("INSERT INTO p VALUES ('a')").error().code(), ErrorCode::AlreadyExists);
  EXPECT_EQ(database.run("INSERT INTO c VALUES ('b')").error().code(), ErrorCode::Conflict);
}

TEST(Database, IsCreatedPrivate) {
  TemporaryFolder folder;
  ASSERT_TRUE(Database::open(folder / "a.db").has_value());
  struct stat status{};
  ASSERT_EQ(::stat((folder / "a.db").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST(Database, AMissingFolderIsNotFound) {
  auto database = Database::open("/nonexistent/folder/a.db");
  ASSERT_FALSE(database.has_value());
  EXPECT_EQ(database.error().code(), ErrorCode::NotFound);
}

TEST(Database, AFileThatIsNoneSaysSo) {
  TemporaryFolder folder;
  std::ofstream(folder / "a.db") << std::string(4096, 'x');
  Database database = Database::open(folder / "a.db").value();
  auto migrated = migrate(database);
  ASSERT_FALSE(migrated.has_value());
  EXPECT_EQ(migrated.error().code(), ErrorCode::Io);
  EXPECT_THAT(migrated.error().message(), HasSubstr("move the file away"));
}

TEST(Schema, IsMadeOnceAndThenLeft) {
  TemporaryFolder folder;
  for (int i = 0; i < 2; ++i) {
    Database database = Database::open(folder / "a.db").value();
    ASSERT_TRUE(migrate(database).has_value());
    EXPECT_EQ(database.integer("PRAGMA user_version").value(), schema_version());
    EXPECT_EQ(database.integer("PRAGMA foreign_keys").value(), 1);
    EXPECT_EQ(database.integer("PRAGMA synchronous").value(), 2);
  }
}

}  // namespace
}  // namespace arcella::store

// The state directory: made private, locked once, and errors that name it.
#include "ledger/lock_file.h"

#include "ledger/test_support.h"

#include <string>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>

namespace recloser::ledger {
namespace {

using testing::HasSubstr;

TEST(StateLock, MakesAPrivateDirectoryAndFile) {
  test::TempDirectory temp;
  std::string directory = temp / "a/b/state";
  Result<StateLock> lock = StateLock::acquire(directory);
  ASSERT_TRUE(lock) << lock.error().message();
  EXPECT_EQ(test::rights_of(directory), 0700u);
  EXPECT_EQ(test::rights_of(directory + "/recloser.lock"), 0600u);
}

TEST(StateLock, ASecondInstanceIsToldWhereAndWho) {
  test::TempDirectory temp;
  Result<StateLock> first = StateLock::acquire(temp.path());
  ASSERT_TRUE(first);
  Result<StateLock> second = StateLock::acquire(temp.path());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind(), Kind::conflict);
  EXPECT_THAT(second.error().message(), HasSubstr(temp.path()));
  EXPECT_THAT(second.error().message(), HasSubstr("process " + std::to_string(::getpid())));
}

TEST(StateLock, IsFreeAgainWhenItsHolderGoes) {
  test::TempDirectory temp;
  {
    ASSERT_TRUE(StateLock::acquire(temp.path()));
  }
  EXPECT_TRUE(StateLock::acquire(temp.path()));
}

TEST(StateLock, IsFreeAgainWhenItsHolderIsKilled) {
  test::TempDirectory temp;
  std::array<int, 2> ready{};
  ASSERT_EQ(::pipe(ready.data()), 0);
  pid_t child = ::fork();
  if (child == 0) {
    Result<StateLock> lock = StateLock::acquire(temp.path());
    char byte = lock ? 'y' : 'n';
    (void)!::write(ready[1], &byte, 1);
    for (;;) ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_EQ(byte, 'y');
  EXPECT_FALSE(StateLock::acquire(temp.path()));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(StateLock::acquire(temp.path()));
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST(StateLock, ADirectoryThatCannotBeUsedSaysWhy) {
  test::TempDirectory temp;
  test::write_file(temp / "file", "x");
  Result<StateLock> lock = StateLock::acquire(temp / "file/state");
  ASSERT_FALSE(lock);
  EXPECT_THAT(lock.error().message(), HasSubstr("set state.directory to a directory"));
}

TEST(StateLock, ADirectoryWithoutTheRightToWrite) {
  test::TempDirectory temp;
  ASSERT_EQ(::chmod(temp.path().c_str(), 0555), 0);
  bool is_root = ::geteuid() == 0;
  if (is_root) ASSERT_EQ(::seteuid(65534), 0);  // nobody: root may write anywhere
  Result<StateLock> lock = StateLock::acquire(temp / "state");
  if (is_root) ASSERT_EQ(::seteuid(0), 0);
  ::chmod(temp.path().c_str(), 0700);
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().kind(), Kind::io);
  EXPECT_THAT(lock.error().message(), HasSubstr("Permission denied; give this user the right"));
}

}  // namespace
}  // namespace recloser::ledger

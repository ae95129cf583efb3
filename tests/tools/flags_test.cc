// SPDX-License-Identifier: Apache-2.0
// cli.md: every command has --help; what is unknown, wrong or not working yet
// ends with exit status 64 and one line on stderr.
#include "tools/podtail/flags.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "tools/podtail/commands.h"

namespace podtail {
namespace {

// A command with a flag of every kind.
struct Fixture {
  std::string root = "/var/log/pods";
  std::vector<std::string> labels = {"a=default"};
  bool once = false;
  std::uint64_t shards = 1;
  std::uint64_t memory = 64 << 20;
  Duration age = std::chrono::seconds(1);
  std::size_t format = 1;
  Flags flags{"run", "tail"};

  Fixture() {
    flags.Text("--root", "DIR", "log root", &root);
    flags.Repeated("--label", "K=V", "static label", &labels);
    flags.Switch("--once", "stop at the end", &once);
    flags.Number("--shards", "N", "engines", 1, 8, &shards);
    flags.Bytes("--memory-max", "everything buffered", &memory);
    flags.Time("--batch-age", "age of a batch", &age);
    flags.Choice("--stdout", "form", {"json", "text"}, &format);
    flags.NotYet("--loki", "URL");
    flags.NotYet("--tls-insecure", "");
  }
};

struct Outcome {
  std::optional<int> status;
  std::string out, err;
};

Outcome Parse(Fixture* fixture, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "run");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Outcome outcome;
  outcome.status = fixture->flags.Parse(static_cast<int>(argv.size()), argv.data());
  outcome.out = testing::internal::GetCapturedStdout();
  outcome.err = testing::internal::GetCapturedStderr();
  return outcome;
}

TEST(Flags, KeepDefaultsWhenNothingIsGiven) {
  Fixture f;
  EXPECT_EQ(Parse(&f, {}).status, std::nullopt);
  EXPECT_EQ(f.root, "/var/log/pods");
  EXPECT_EQ(f.labels, std::vector<std::string>{"a=default"});
  EXPECT_FALSE(f.once);
  EXPECT_FALSE(f.flags.Given("--root"));
}

TEST(Flags, SetTheirTargets) {
  Fixture f;
  const Outcome outcome =
      Parse(&f, {"--root", "/tmp/x", "--label", "a=b", "--once", "--label=c=d e", "--shards", "2",
                 "--memory-max", "1GiB", "--batch-age=0", "--stdout", "json"});
  EXPECT_EQ(outcome.status, std::nullopt) << outcome.err;
  EXPECT_EQ(f.root, "/tmp/x");
  EXPECT_EQ(f.labels, (std::vector<std::string>{"a=b", "c=d e"}));
  EXPECT_TRUE(f.once);
  EXPECT_EQ(f.shards, 2U);
  EXPECT_EQ(f.memory, 1ULL << 30);
  EXPECT_EQ(f.age, Duration(0));
  EXPECT_EQ(f.format, 0U);
  EXPECT_TRUE(f.flags.Given("--label"));
}

struct RefusedFlag {
  std::vector<std::string> arguments;
  std::string line;  // without the pointer to the help
};

TEST(Flags, RefuseInOneLineWithStatus64) {
  const std::vector<RefusedFlag> table = {
      {{"--frob"}, "unknown flag --frob"},
      {{"-x"}, "unknown flag -x"},
      {{"--once", "stray"}, "unexpected argument stray"},
      {{"--root"}, "--root: a value is missing"},
      {{"--root", "a", "--root", "b"}, "--root: given more than once"},
      {{"--once=yes"}, "--once: takes no value"},
      {{"--shards", "0"}, "--shards 0: not between 1 and 8"},
      {{"--shards", "99999999999999999999"}, "--shards 99999999999999999999: not between 1 and 8"},
      {{"--shards", "2x"}, "--shards 2x: not a whole number"},
      {{"--shards", ""}, "--shards '': not a whole number"},
      {{"--memory-max", "64XB"}, "--memory-max 64XB: unknown unit"},
      {{"--batch-age", "5"}, "--batch-age 5: no unit (ms, s, m, h)"},
      {{"--stdout", "xml"}, "--stdout xml: not one of json|text"},
      {{"--stdout", "x\ny"}, "--stdout x\\ny: not one of json|text"},
      {{"--loki", "http://x"}, "--loki does not work yet"},
      {{"--tls-insecure", "--frob"}, "--tls-insecure does not work yet"},
  };
  for (const RefusedFlag& refusal : table) {
    Fixture f;
    const Outcome outcome = Parse(&f, refusal.arguments);
    EXPECT_EQ(outcome.status, std::optional<int>(kExitUsage)) << refusal.line;
    EXPECT_EQ(outcome.err, "podtail run: " + refusal.line + " (see podtail run --help)\n");
    EXPECT_EQ(outcome.out, "");
  }
}

TEST(Flags, HelpNamesEveryFlagItsDefaultAndWhatDoesNotWorkYet) {
  Fixture f;
  const Outcome outcome = Parse(&f, {"--help", "--frob"});
  EXPECT_EQ(outcome.status, std::optional<int>(kExitOk));
  EXPECT_EQ(outcome.err, "");
  for (const char* text :
       {"podtail run: tail\n", "--root DIR", "[/var/log/pods]", "--label K=V", "(repeatable)",
        "--memory-max BYTES", "[64MiB]", "--batch-age DURATION", "[1s]", "--stdout json|text",
        "[text]", "Not working yet: --loki, --tls-insecure\n"}) {
    EXPECT_NE(outcome.out.find(text), std::string::npos) << text << "\n" << outcome.out;
  }
}

}  // namespace
}  // namespace podtail

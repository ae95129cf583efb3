// SPDX-License-Identifier: Apache-2.0
// Lines that are longer than the read buffer come in pieces, and anything may happen
// between two of them.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/pipeline/engine_world.h"

namespace podtail {
namespace {

class PiecesTest : public testing::Test {
 protected:
  PiecesTest() {
    options.tailer.root = "/r";
    options.tailer.read_buffer_bytes = 16 * 1024;
  }
  void Start() {
    auto made = Engine::Create(
        options, {.files = &files,
                  .checkpoints = &store,
                  .exporter = std::make_unique<LaterExporter>(nullptr, &arrived, SinkNeeds{})});
    ASSERT_TRUE(made.has_value()) << made.error().ToString();
    engine = std::move(made).value();
  }
  void Turns(int turns) {
    for (int i = 0; i < turns; ++i) {
      now += std::chrono::milliseconds(300);
      files.now += std::chrono::milliseconds(300);
      ASSERT_TRUE(engine->Poll({Instant(now), files.now}).has_value());
    }
  }

  EngineOptions options;
  MemoryLogFileSystem files;
  LaterStore store{nullptr};
  Arrived arrived;
  std::unique_ptr<Engine> engine;
  Duration now{};
};

using Bodies = std::vector<std::string>;

TEST_F(PiecesTest, ARunIsNotCutByItsAgeInsideALine) {
  options.run_age_max = std::chrono::seconds(2);
  const std::string a(20'000, 'a');
  const std::string b(20'000, 'b');
  Start();
  files.Append(kLive, kHead + ("P " + a));
  Turns(20);
  files.Append(kLive, "\n");
  files.Append(kLive, kHead + ("F " + b));
  Turns(20);
  files.Append(kLive, "b\n");
  Turns(20);
  std::string all;
  for (const std::string& body : arrived.bodies) all += body;
  EXPECT_EQ(all.size(), 40'001U);
  EXPECT_TRUE(all == a + b + "b");
}

TEST_F(PiecesTest, ALineWithoutAnEndIsNotContinuedByTheNextFile) {
  const std::string a(20'000, 'a');
  files.Append(kLive, kHead + std::string("F before\n") + kHead + "F " + a);
  Start();
  Turns(10);
  files.Rename(kLive, std::string(kLive) + ".20240101-000001");
  files.Append(kLive, kHead + std::string("F hello\n"));
  Turns(60);
  ASSERT_EQ(arrived.bodies.size(), 3U);
  EXPECT_EQ(arrived.bodies[1].size(), a.size());
  EXPECT_EQ(arrived.bodies, (Bodies{"before", a, "hello"}));
}

TEST_F(PiecesTest, NeitherWhileItHasNoDescriptor) {
  options.tailer.open_files_max = 1;
  const std::string a(20'000, 'a');
  files.Append(kLive, kHead + ("F " + a));
  Start();
  Turns(10);
  files.Append("/r/ns_other_uid/c/0.log", kHead + std::string("F other\n"));
  Turns(10);
  files.Rename(kLive, std::string(kLive) + ".20240101-000001");
  files.Append(kLive, kHead + std::string("F hello\n"));
  Turns(100);
  EXPECT_EQ(arrived.bodies, (Bodies{"other", a, "hello"}));
}

}  // namespace
}  // namespace podtail

// SPDX-License-Identifier: Apache-2.0
// Every wound a store can have: torn anywhere, any bit flipped, any sector zeroed
// or swapped, foreign, empty (reliability.md C1-C4, C6, I15; decision 16).
//
// The law: what is loaded is one of the states that were given to the store,
// whole, or nothing; older than the last one only with `damage`. Two wounds
// cannot be seen: one to the last edit, which looks like torn by a crash, and a
// journal cut behind an edit, which looks like the journal at that moment.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>

#include "engine/checkpoint/checkpoint_codec.h"
#include "engine/checkpoint/file_checkpoint_store.h"
#include "engine/port/checksum.h"
#include "tests/checkpoint/store_world.h"

namespace podtail {
namespace {

constexpr std::size_t kSector = 512;

// Files as a store leaves them after some work: both snapshots, and a journal of
// several edits.
struct Image {
  FileMap files;
  std::vector<CheckpointMap> history;

  Image() {
    FakeDurableDirectory directory;
    StoreWorld world(&directory, {.journal_bytes_min = 2500});
    const auto step = [&](std::uint64_t file, std::uint64_t moment) {
      world.Put(file, moment);
      world.Settle();
    };
    world.Settle();
    std::uint64_t moment = 1;
    for (; directory.files.count("snapshot.1") == 0; ++moment) step(moment % 3, moment);
    world.Submit({{CheckpointOf(1, moment)}, {IdentityOf(0)}});
    world.Settle();
    step(4, moment + 1);
    world.Submit({{CheckpointOf(1, moment + 2), CheckpointOf(4, moment + 2)}, {}});
    world.Settle();
    files = directory.files;
    history = world.history;
  }

  // Where in history `state` is; -1: nowhere.
  int Find(const CheckpointMap& state) const {
    for (std::size_t k = history.size(); k-- > 0;) {
      if (history[k] == state) return static_cast<int>(k);
    }
    return -1;
  }
  int last() const { return static_cast<int>(history.size()) - 1; }
};

// Loads `files` and holds the result against the law; returns what it found.
int ExpectLawful(const Image& image, const FileMap& files, const std::string& wound,
                 bool may_be_silent = false) {
  const auto loaded = LoadFrom(files);
  EXPECT_TRUE(loaded) << wound;
  if (!loaded) return -1;
  EXPECT_FALSE(loaded->fresh) << wound;
  const int found = image.Find(MapOf(loaded->checkpoints));
  EXPECT_GE(found, 0) << wound << ": a state that never was";
  if (found < image.last() - 1 && !may_be_silent) {
    EXPECT_EQ(loaded->damage.code(), StatusCode::kDataLoss) << wound << ": silent";
  }
  return found;
}

// After any wound the store goes on, and the next start finds what it wrote.
void ExpectHeals(const FileMap& files, const std::string& wound) {
  FakeDurableDirectory directory(files);
  StoreWorld world(&directory);
  world.Put(50, 50);
  world.Settle();
  EXPECT_EQ(world.durable(), 1U) << wound;
  const auto loaded = LoadFrom(directory.files);
  ASSERT_TRUE(loaded) << wound;
  EXPECT_TRUE(loaded->damage.ok()) << wound;
  EXPECT_EQ(MapOf(loaded->checkpoints), world.history.back()) << wound;
}

const char* const kNames[] = {"snapshot.0", "snapshot.1", "journal"};

TEST(StoreDamage, TheImageIsWorthWounding) {
  const Image image;
  EXPECT_EQ(image.files.size(), 3U);
  EXPECT_EQ(ExpectLawful(image, image.files, "none"), image.last());
  EXPECT_TRUE(LoadFrom(image.files)->damage.ok());
  EXPECT_GT(image.files.at("journal").size(), 3 * kSector);
  EXPECT_TRUE(image.history.back() != image.history[image.history.size() - 2]);
}

TEST(StoreDamage, TornAtEveryByte) {
  const Image image;
  for (const char* name : kNames) {
    for (std::size_t length = 0; length < image.files.at(name).size(); ++length) {
      FileMap files = image.files;
      files[name].resize(length);
      const std::string wound = std::string(name) + " cut to " + std::to_string(length);
      // The header was there from the first moment on.
      const bool moment =
          files[name].starts_with("podtail-journal") && files[name].find('\n') != std::string::npos;
      ExpectLawful(image, files, wound, moment);
      if (length % 37 == 0) ExpectHeals(files, wound);
    }
  }
}

TEST(StoreDamage, EveryBitFlipped) {
  const Image image;
  int oldest = image.last();
  for (const char* name : kNames) {
    FileMap files = image.files;
    std::string& bytes = files[name];
    for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
      const char before = bytes[bit / 8];
      bytes[bit / 8] = static_cast<char>(before ^ 1 << bit % 8);
      const std::string wound = std::string(name) + " bit " + std::to_string(bit);
      oldest = std::min(oldest, ExpectLawful(image, files, wound));
      if (bit % 997 == 0) ExpectHeals(files, wound);
      bytes[bit / 8] = before;
    }
  }
  EXPECT_LT(oldest, image.last() - 2);  // the older snapshot was needed
}

TEST(StoreDamage, EverySectorZeroed) {
  const Image image;
  for (const char* name : kNames) {
    for (std::size_t begin = 0; begin < image.files.at(name).size(); begin += kSector) {
      FileMap files = image.files;
      std::string& bytes = files[name];
      const std::size_t length = std::min(kSector, bytes.size() - begin);
      bytes.replace(begin, length, length, '\0');
      const std::string wound = std::string(name) + " sector at " + std::to_string(begin);
      ExpectLawful(image, files, wound);
      ExpectHeals(files, wound);
    }
  }
}

TEST(StoreDamage, AnyTwoSectorsSwapped) {
  const Image image;
  for (const char* name : kNames) {
    const std::size_t sectors = image.files.at(name).size() / kSector;
    for (std::size_t a = 0; a < sectors; ++a) {
      for (std::size_t b = a + 1; b < sectors; ++b) {
        FileMap files = image.files;
        std::string& bytes = files[name];
        std::swap_ranges(bytes.begin() + static_cast<std::ptrdiff_t>(a * kSector),
                         bytes.begin() + static_cast<std::ptrdiff_t>((a + 1) * kSector),
                         bytes.begin() + static_cast<std::ptrdiff_t>(b * kSector));
        ExpectLawful(image, files, std::string(name) + " sectors swapped");
      }
    }
  }
}

TEST(StoreDamage, WholeLinesLostRepeatedOrSwapped) {
  const Image image;
  for (const char* name : kNames) {
    std::vector<std::string> lines;
    std::istringstream in(image.files.at(name));
    for (std::string line; std::getline(in, line);) lines.push_back(line + '\n');
    const auto with = [&](const std::vector<std::string>& changed) {
      FileMap files = image.files;
      files[name].clear();
      for (const std::string& line : changed) files[name] += line;
      ExpectLawful(image, files, std::string(name) + " with other lines");
    };
    for (std::size_t i = 0; i < lines.size(); ++i) {
      std::vector<std::string> changed = lines;
      changed.erase(changed.begin() + static_cast<std::ptrdiff_t>(i));
      with(changed);
      changed = lines;
      changed.insert(changed.begin() + static_cast<std::ptrdiff_t>(i), lines[i]);
      with(changed);
      for (std::size_t j = i + 1; j < lines.size(); ++j) {
        changed = lines;
        std::swap(changed[i], changed[j]);
        with(changed);
      }
    }
  }
}

TEST(StoreDamage, FilesMissingEmptyExchangedOrForeign) {
  const Image image;
  std::vector<std::function<void(std::string*)>> wounds = {
      [](std::string* bytes) { bytes->clear(); },
      [](std::string* bytes) { bytes->assign(bytes->size(), '\0'); },
      [](std::string* bytes) { bytes->assign(3'000'000, 'x'); },
      [](std::string* bytes) { bytes->assign(40'000'000, '\0'); },
      [](std::string* bytes) { *bytes += "garbage"; },
      [](std::string* bytes) { *bytes += *bytes; }};
  for (const char* name : kNames) {
    for (std::size_t i = 0; i < wounds.size(); ++i) {
      FileMap files = image.files;
      wounds[i](&files[name]);
      const std::string wound = std::string(name) + " wound " + std::to_string(i);
      ExpectLawful(image, files, wound);
      ExpectHeals(files, wound);
    }
    FileMap missing = image.files;
    missing.erase(name);
    // A journal that is gone looks like the crash between snapshot and journal.
    const auto loaded = LoadFrom(missing);
    EXPECT_GE(image.Find(MapOf(loaded->checkpoints)), 0) << name;
    ExpectHeals(missing, name);
    for (const char* other : kNames) {
      FileMap files = image.files;
      std::swap(files[name], files[other]);
      ExpectLawful(image, files, std::string(name) + " and " + other);
    }
    FakeDurableDirectory unreadable(image.files);
    unreadable.unreadable = name;
    FileCheckpointStore store(&unreadable);
    const auto read = store.Load();
    ASSERT_TRUE(read);
    EXPECT_EQ(read->damage.code(), StatusCode::kDataLoss) << name;
  }
}

// C2: power fails while the last edit is being written. It happened or it did
// not, and there is nothing to complain about.
TEST(StoreDamage, ATornLastEditNeverHappened) {
  FakeDurableDirectory directory;
  StoreWorld world(&directory);
  world.Put(1, 1);
  world.Settle();
  CheckpointEdit edit;
  for (std::uint64_t i = 0; i < 8; ++i) edit.put.push_back(CheckpointOf(i, 2));
  directory.slow = true;
  world.Submit(edit);
  world.Poll();
  ASSERT_EQ(directory.queue.size(), 1U);
  const DurableJob job = directory.queue.front();
  ASSERT_EQ(job.kind, DurableJob::Kind::kAppend);
  const auto expect = [&](const std::string& bytes, bool whole) {
    FileMap files = directory.files;
    files["journal"] += bytes;
    const auto loaded = LoadFrom(files);
    EXPECT_TRUE(loaded->damage.ok()) << loaded->damage.ToString();
    EXPECT_EQ(MapOf(loaded->checkpoints), world.history[whole ? 2 : 1]);
  };
  for (std::size_t length = 0; length <= job.bytes.size(); ++length) {
    expect(job.bytes.substr(0, length), length == job.bytes.size());
    // The length was written, the bytes were not.
    expect(job.bytes.substr(0, length) + std::string(job.bytes.size() - length, '\0'),
           length == job.bytes.size());
  }
  // Sectors reach the disk in any order.
  for (std::size_t begin = 0; begin < job.bytes.size(); begin += kSector) {
    std::string bytes = job.bytes;
    const std::size_t length = std::min(kSector, bytes.size() - begin);
    bytes.replace(begin, length, length, '\0');
    expect(bytes, false);
  }
}

// A file that came from elsewhere (a backup of one file) may fit by number alone.
TEST(StoreDamage, AJournalContinuesItsOwnSnapshotOnly) {
  FileMap files[2];
  for (std::uint64_t store : {0U, 1U}) {
    FakeDurableDirectory directory;
    StoreWorld world(&directory);
    world.Put(1, 10 + store);
    world.Settle();
    world.Put(2, 20 + store);
    world.Settle();
    files[store] = directory.files;
  }
  files[0]["journal"] = files[1]["journal"];
  const auto loaded = LoadFrom(files[0]);
  EXPECT_EQ(loaded->damage.code(), StatusCode::kDataLoss);
  EXPECT_EQ(MapOf(loaded->checkpoints), MapOf({CheckpointOf(1, 10)}));
}

TEST(StoreDamage, ASnapshotCountsItsEntries) {
  std::string bytes;
  AppendStoreLine(StoreHeader{StoreFile::kSnapshot, kStoreVersion, 1, 0}, &bytes);
  AppendStoreLine(CheckpointOf(1, 1), &bytes);
  const std::uint32_t chain = Crc32(bytes);
  for (std::uint64_t entries : {0U, 1U, 2U}) {
    std::string whole = bytes;
    AppendStoreLine(SnapshotEnd{entries, chain}, &whole);
    EXPECT_EQ(LoadFrom({{"snapshot.0", whole}})->damage.ok(), entries == 1) << entries;
  }
}

TEST(StoreDamage, IsSetAsideAndTheLastTwoAreKept) {
  FakeDurableDirectory directory;
  for (int start = 1; start <= 5; ++start) {
    directory.files["snapshot.0"] = "garbage " + std::to_string(start);
    directory.files["snapshot.1"] = "more garbage";
    directory.files["journal"] = "even more";
    StoreWorld world(&directory);
    EXPECT_TRUE(world.history.back().empty());
    const auto loaded = LoadFrom(directory.files);
    EXPECT_EQ(loaded->damage.code(), StatusCode::kDataLoss);
    EXPECT_NE(loaded->damage.message().find("quarantine." + std::to_string(start)),
              std::string::npos)
        << loaded->damage.ToString();
    world.Settle();
    EXPECT_EQ(directory.files["quarantine." + std::to_string(start) + ".snapshot.0"],
              "garbage " + std::to_string(start));
  }
  EXPECT_EQ(directory.files.count("quarantine.3.journal"), 0U);
  EXPECT_EQ(directory.files.count("quarantine.4.journal"), 1U);
  EXPECT_EQ(directory.files.count("quarantine.5.journal"), 1U);
  const auto loaded = LoadFrom(directory.files);
  EXPECT_TRUE(loaded->damage.ok());
  EXPECT_FALSE(loaded->fresh);
}

TEST(StoreDamage, IsNotForgottenByACrashBeforeItWasSetAside) {
  Image image;
  image.files["snapshot.0"][30] = '?';
  image.files["snapshot.1"][30] = '?';
  FakeDurableDirectory directory(image.files);
  directory.broken = true;
  StoreWorld world(&directory);
  world.Settle();
  EXPECT_EQ(directory.files, image.files);  // nothing was overwritten
  EXPECT_EQ(LoadFrom(directory.files)->damage.code(), StatusCode::kDataLoss);
  directory.broken = false;
  world.Settle();
  EXPECT_TRUE(LoadFrom(directory.files)->damage.ok());
}

// C6: what an earlier version wrote is read for ever. The README.md beside the files
// says how they were made.
FileMap GoldenState(const std::string& version) {
  FileMap files;
  for (const char* name : {"snapshot.0", "journal"}) {
    std::ifstream in(std::string(PODTAIL_GOLDEN_DIR) + "/" + version + "/" + name,
                     std::ios::binary);
    std::ostringstream bytes;
    bytes << in.rdbuf();
    EXPECT_FALSE(bytes.str().empty()) << version << " " << name;
    files[name] = bytes.str();
  }
  return files;
}

TEST(StoreDamage, GoldenFilesOfEveryVersionAreRead) {
  for (const std::string version : {"state-v1", "state-v2"}) {
    const auto loaded = LoadFrom(GoldenState(version));
    ASSERT_TRUE(loaded) << version;
    EXPECT_TRUE(loaded->damage.ok()) << version << loaded->damage.ToString();
    Checkpoint odd = CheckpointOf(7, 9);
    odd.path = "/var/log/pods/a b%\xff\n/x";
    odd.file.birth_time = Timestamp(std::chrono::nanoseconds(-1));
    std::vector<Checkpoint> expected{CheckpointOf(2, 1), CheckpointOf(3, 3), CheckpointOf(4, 2),
                                     odd};
    if (version == "state-v2") {
      Marker next;
      next.hash.fill(10);
      next.bytes = 57;
      expected[0].late_from = 77;
      expected[1].late_from = 4711;
      expected[0].next = expected[1].next = next;
    }
    EXPECT_EQ(MapOf(loaded->checkpoints), MapOf(expected)) << version;
  }
}

}  // namespace
}  // namespace podtail

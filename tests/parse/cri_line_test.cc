// SPDX-License-Identifier: Apache-2.0
// sources.md A.1, A.3, A.4.1, A.6; reliability.md F7, F8, F9, F18.
#include <gtest/gtest.h>

#include <string>

#include "podtail/cri_line.h"
#include "podtail/timestamp.h"

namespace podtail {
namespace {

using namespace std::string_literals;

const std::string kTime = "2026-11-22T13:59:29.96721371Z";

// The four fields as the kubelet would show them.
std::string Show(const std::string& line) {
  const auto parsed = ParseCriLine(line);
  if (!parsed) {
    static const char* const kNames[] = {"", "error:timestamp", "error:stream", "error:tag"};
    return kNames[static_cast<int>(parsed.error())];
  }
  return (parsed->stream == LogStream::kStdout ? "out " : "err ") +
         (parsed->tag == CriTag::kPartial ? "P|"s : "F|"s) + std::string(parsed->message);
}

struct Row {
  std::string line;
  std::string shown;
};

TEST(ParseCriLine, ReadsWhatContainerdWrites) {  // A.3, captured bytes
  const std::string whole(16384, 'a');
  const Row table[] = {
      {kTime + " stdout F x", "out F|x"},
      {"2026-11-22T13:59:29.967430111Z stdout F ", "out F|"},
      {"2026-11-22T13:59:29.96750987Z stdout P abc", "out P|abc"},
      {kTime + " stdout F y", "out F|y"},
      {kTime + " stdout F x\r", "out F|x\r"},
      {kTime + " stdout F a\rb", "out F|a\rb"},
      {kTime + " stdout P abc\r", "out P|abc\r"},
      {kTime + " stdout F \x00\xff\xfe\x09\x1b[0m"s, "out F|\x00\xff\xfe\x09\x1b[0m"s},
      {kTime + " stdout F   x ", "out F|  x "},
      {kTime + " stdout F " + whole, "out F|" + whole},
      {kTime + " stdout P " + whole, "out P|" + whole},
      {kTime + " stdout F \ra", "out F|\ra"},
      {kTime + " stderr F e", "err F|e"},
  };
  for (const Row& row : table) EXPECT_EQ(Show(row.line), row.shown) << row.line;
}

TEST(ParseCriLine, ReadsWhatConmonWrites) {  // A.4.1, captured bytes
  const Row table[] = {
      {"2026-11-22T22:59:51.595945245+09:00 stdout F one", "out F|one"},
      {"2026-11-22T22:59:51.595945245+09:00 stdout F ", "out F|"},
      {"2026-11-22T22:59:51.595945245+09:00 stdout F cr\r", "out F|cr\r"},
      {"2026-11-22T22:59:51.897789990+09:00 stdout P part", "out P|part"},
      {"2026-11-22T22:59:52.199701363+09:00 stdout F ial end", "out F|ial end"},
      {"2026-11-22T22:59:52.402375072+09:00 stderr F err line", "err F|err line"},
      {"2026-11-22T22:59:52.404031008+09:00 stdout P " + std::string(8192, 'a'),
       "out P|" + std::string(8192, 'a')},
      {"2026-11-22T22:59:52.605724889+09:00 stdout F \x00\xff"s + "bin", "out F|\x00\xff"s + "bin"},
  };
  for (const Row& row : table) EXPECT_EQ(Show(row.line), row.shown) << row.line;
  EXPECT_EQ(ParseCriLine("2026-11-22T22:59:51.595945245+09:00 stdout F one")->time,
            ParseRfc3339("2026-11-22T13:59:51.595945245Z")->time);
}

TEST(ParseCriLine, DecidesTheTagAsTheKubeletDoes) {  // A.1 rules 2 and 3, F7
  const Row table[] = {
      {kTime + " stdout P:x m", "out P|m"},
      {kTime + " stdout P:F m", "out P|m"},
      {kTime + " stdout P: m", "out P|m"},
      {kTime + " stdout F:P m", "out F|m"},
      {kTime + " stdout :P m", "out F|m"},
      {kTime + " stdout PP m", "out F|m"},
      {kTime + " stdout p m", "out F|m"},
      {kTime + " stdout X m", "out F|m"},
      {kTime + " stdout  message", "out F|message"},
      {kTime + " stdout   m", "out F| m"},
      {kTime + " stdout F", "out F|"},
      {kTime + " stdout P", "out P|"},
      {kTime + " stdout ", "out F|"},
      {kTime + " stdout F\tm n", "out F|n"},
      {kTime + " stdout P\tm", "out F|"},
  };
  for (const Row& row : table) EXPECT_EQ(Show(row.line), row.shown) << row.line;
}

TEST(ParseCriLine, NamesTheFieldThatCannotBeRead) {  // A.1 rule 4
  const Row table[] = {
      {"", "error:timestamp"},
      {" ", "error:timestamp"},
      {"no head at all", "error:timestamp"},
      {"{\"log\":\"docker\\n\",\"stream\":\"stdout\",\"time\":\"2023-12-31T01:02:03.1Z\"}",
       "error:timestamp"},
      {"abcZ stdout F m", "error:timestamp"},
      {"2023-02-30T01:02:03.123456789Z stdout F m", "error:timestamp"},
      {" " + kTime + " stdout F m", "error:timestamp"},
      {kTime + "\tstdout F m", "error:timestamp"},
      {kTime + "x stdout F m", "error:timestamp"},
      {"\0\0"s + kTime + " stdout F m", "error:timestamp"},
      {kTime, "error:stream"},
      {kTime + " ", "error:stream"},
      {kTime + "  stdout F m", "error:stream"},
      {kTime + " stdlog F m", "error:stream"},
      {kTime + " STDOUT F m", "error:stream"},
      {kTime + " stdin F m", "error:stream"},
      {kTime + " stdouts F m", "error:stream"},
      {kTime + " stdout\tF m", "error:stream"},
      {kTime + " stdou", "error:stream"},
      {kTime + " stdout", "error:tag"},
      {kTime + " stderr", "error:tag"},
  };
  for (const Row& row : table) EXPECT_EQ(Show(row.line), row.shown) << row.line;
}

TEST(ParseCriLine, SaysWhichFieldIsMissingWhereverTheLineIsCut) {  // F8
  const std::string line = kTime + " stderr P:x message";
  const std::size_t time = kTime.size(), stream = time + 7, tag = stream + 4;
  for (std::size_t cut = 0; cut <= line.size(); ++cut) {
    // A copy of its own size, so that a sanitizer sees a read behind the cut.
    const std::string part(line, 0, cut);
    std::string expected = "err P|";
    if (cut < time) {
      expected = "error:timestamp";
    } else if (cut < stream) {
      expected = "error:stream";
    } else if (cut == stream) {
      expected = "error:tag";
    } else if (cut == stream + 1) {
      expected = "err F|";  // the tag is empty
    } else if (cut > tag) {
      expected += line.substr(tag + 1, cut - tag - 1);
    }
    EXPECT_EQ(Show(part), expected) << "cut at " << cut;
  }
}

TEST(ParseCriLine, KeepsATornLineGluedToTheNextOneAsContent) {  // A.6, F8, F18
  const std::string next = kTime + " stdout F second";
  for (const std::string first : {" stdout F ", " stdout F torn", " stdout F torn "}) {
    const std::string line = kTime + first + next;
    EXPECT_EQ(Show(line), "out F|" + first.substr(10) + next);
  }
}

TEST(ParseCriLine, PointsIntoTheLine) {
  const std::string line = kTime + " stdout F hello";
  const auto parsed = ParseCriLine(line);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->time_text, kTime);
  EXPECT_EQ(parsed->time_text.data(), line.data());
  EXPECT_EQ(parsed->message.data(), line.data() + line.size() - 5);
  EXPECT_FALSE(parsed->time_clamped);
}

TEST(ParseCriLine, PassesOnThatATimeWasClamped) {  // decision 9b
  const auto leap = ParseCriLine("2016-12-31T23:59:60.500000000Z stdout F leap second");
  ASSERT_TRUE(leap);
  EXPECT_TRUE(leap->time_clamped);
  EXPECT_EQ(leap->time_text, "2016-12-31T23:59:60.500000000Z");
}

}  // namespace
}  // namespace podtail

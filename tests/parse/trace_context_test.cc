// SPDX-License-Identifier: Apache-2.0
// sources.md C.4 and C.5; reliability.md F11.
#include <gtest/gtest.h>

#include <string>

#include "podtail/trace_context.h"

namespace podtail {
namespace {

const std::string kTrace = "0af7651916cd43dd8448eb211c80319c";
const std::string kSpan = "b7ad6b7169203331";
const std::string kHeader = "00-" + kTrace + "-" + kSpan + "-01";

std::string WithVersion(const char* version) {
  std::string text = kHeader;
  text.replace(0, 2, version);
  return text;
}

TEST(ParseTraceId, ReadsThirtyTwoHexDigitsInEitherCase) {
  const auto id = ParseTraceId(kTrace);
  ASSERT_TRUE(id);
  EXPECT_EQ(id->bytes[0], 0x0a);
  EXPECT_EQ(id->bytes[1], 0xf7);
  EXPECT_EQ(id->bytes[15], 0x9c);
  EXPECT_EQ(ParseTraceId("0AF7651916CD43DD8448EB211C80319C"), id);
  EXPECT_TRUE(ParseTraceId("00000000000000000000000000000001"));
}

TEST(ParseTraceId, RefusesEverythingElse) {
  const std::string table[] = {
      "",
      "0",
      "undefined",
      std::string(32, '0'),
      kTrace + "0",
      kTrace.substr(1),
      kTrace.substr(0, 31) + "g",
      std::string(" ").append(kTrace, 1),
      kTrace.substr(0, 31) + "\n",
      kSpan,
      "0af76519-16cd-43dd-8448-eb211c80319c",
  };
  for (const std::string& text : table) EXPECT_FALSE(ParseTraceId(text)) << text;
}

TEST(ParseTraceparent, ReadsVersion00) {  // C.4
  const auto context = ParseTraceparent(kHeader);
  ASSERT_TRUE(context);
  EXPECT_EQ(context->trace_id, *ParseTraceId(kTrace));
  EXPECT_EQ(context->span_id.bytes[0], 0xb7);
  EXPECT_EQ(context->span_id.bytes[7], 0x31);
  EXPECT_EQ(context->flags, 1);
  EXPECT_EQ(ParseTraceparent("00-" + kTrace + "-" + kSpan + "-ff")->flags, 0xff);
}

TEST(ParseTraceparent, ReadsTheFront55BytesOfALaterVersion) {  // C.4
  const std::string later = WithVersion("cc");
  EXPECT_TRUE(ParseTraceparent(later));
  EXPECT_TRUE(ParseTraceparent(later + "-"));
  EXPECT_TRUE(ParseTraceparent(later + "-what-the-future-brings"));
  EXPECT_FALSE(ParseTraceparent(later + "."));
  EXPECT_FALSE(ParseTraceparent(later + "0"));
}

TEST(ParseTraceparent, RefusesWhatW3CTellsToIgnore) {  // C.4
  const std::string zero_trace = "00-" + std::string(32, '0') + "-" + kSpan + "-01";
  const std::string zero_span = "00-" + kTrace + "-" + std::string(16, '0') + "-01";
  for (const std::string& text : {zero_trace, zero_span, kHeader + "-", kHeader + "-00",
                                  WithVersion("ff"), kHeader.substr(0, 54), std::string()}) {
    EXPECT_FALSE(ParseTraceparent(text)) << text;
  }
}

TEST(ParseTraceparent, RefusesAnyOtherByteAnywhere) {
  for (std::size_t i = 0; i < kHeader.size(); ++i) {
    for (const char bad : {'-', '_', 'g', 'A', 'F', ' ', '\0'}) {
      if (kHeader[i] == bad) continue;
      std::string text = kHeader;
      text[i] = bad;
      EXPECT_FALSE(ParseTraceparent(text)) << text;
    }
  }
}

TEST(ParseTraceparent, RefusesEveryCut) {
  for (std::size_t cut = 0; cut < kHeader.size(); ++cut) {
    EXPECT_FALSE(ParseTraceparent(std::string(kHeader, 0, cut))) << cut;
  }
}

}  // namespace
}  // namespace podtail
